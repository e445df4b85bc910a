package ui

import (
	"fmt"
	"io/fs"
	"net/http"
	"strconv"
	"strings"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"

	"github.com/sallyport/sallyport/internal/web"
)

// languages lists the languages of the catalog; the first stands in for all
// that we do not have.
func languages() []language.Tag { return []language.Tag{language.English, language.German} }

// maxAcceptLanguage bounds how much of the header is looked at, in octets.
const maxAcceptLanguage = 200

// failuresFile begins the names of the files whose keys are codes of faults.
const failuresFile = "failures."

// voice speaks one language, with the texts of one set of pages.
type voice struct {
	tag       language.Tag
	localizer *i18n.Localizer
	fixed     map[string]string // texts without gaps, found once and for all
	counted   map[string]bool   // keys of texts that depend on a number
}

// newVoice returns the voice of a set in a language: its own texts, those of
// the house, which is the first of all sets, and the sentences for faults of
// every set. No text is said twice: what the house says is said the same way
// everywhere.
func newVoice(sets []Set, i int, tag language.Tag) (voice, error) {
	bundle := i18n.NewBundle(tag)
	v := voice{tag: tag, localizer: i18n.NewLocalizer(bundle, tag.String()), fixed: map[string]string{}, counted: map[string]bool{}}
	origin := map[string]string{}
	for j, set := range sets {
		pattern := "*."
		if j != 0 && j != i {
			pattern = failuresFile
		}
		found, err := fs.Glob(set.Files, "locales/"+pattern+tag.String()+".json")
		if err != nil {
			return voice{}, fmt.Errorf("listing the texts of %s: %w", set.Name, err)
		}
		for _, file := range found {
			read, err := bundle.LoadMessageFileFS(set.Files, file)
			if err != nil {
				return voice{}, fmt.Errorf("reading the texts of %s: %w", set.Name, err)
			}
			for _, m := range read.Messages {
				if before, twice := origin[m.ID]; twice {
					return voice{}, fmt.Errorf("text %s is in %s and in %s of %s", m.ID, before, file, set.Name)
				}
				origin[m.ID] = file + " of " + set.Name
				v.note(m)
			}
		}
	}
	return v, nil
}

// note keeps what need not be looked up each time.
func (v voice) note(m *i18n.Message) {
	switch {
	case m.One != "":
		v.counted[m.ID] = true
	case !strings.Contains(m.Other, "{{"):
		v.fixed[m.ID] = m.Other
	}
}

// Language returns the tag of the language in which a request is answered.
func (u *UI) Language(r *http.Request) string { return languages()[u.languageOf(r)].String() }

// languageOf returns the index of the language for a request: the one that the
// person has chosen, else the one that the app asked for, else the one that the
// browser prefers.
func (u *UI) languageOf(r *http.Request) int {
	if who, ok := web.Somebody(r); ok && who.User.Language != "" {
		if _, i, confidence := u.matcher.Match(language.Make(who.User.Language)); confidence >= language.High {
			return i
		}
	}
	if asked := web.Language(r); asked != "" {
		if i, ok := u.match([]string{asked}); ok {
			return i
		}
	}
	header := r.Header.Get("Accept-Language")
	if header == "" || len(header) > maxAcceptLanguage {
		return 0
	}
	wanted, _, err := language.ParseAcceptLanguage(header)
	if err != nil {
		return 0
	}
	_, i, _ := u.matcher.Match(wanted...)
	return i
}

// Languages returns the tags of the languages that the pages speak.
func Languages() []string {
	var tags []string
	for _, tag := range languages() {
		tags = append(tags, tag.String())
	}
	return tags
}

// Speak has the pages speak the first of these languages that they know, which
// an app asks for on behalf of the person whom it sends here. Where they know
// none, or none is asked for, they speak that of the browser.
func (u *UI) Speak(w http.ResponseWriter, r *http.Request, wanted []string) {
	tag := ""
	if i, ok := u.match(wanted); ok {
		tag = languages()[i].String()
	}
	web.SetLanguage(w, r, tag)
}

// match returns the index of the first of the wanted languages that we have.
func (u *UI) match(wanted []string) (int, bool) {
	for _, name := range wanted {
		tag, err := language.Parse(name)
		if err != nil {
			continue
		}
		if _, i, confidence := u.matcher.Match(tag); confidence >= language.High {
			return i, true
		}
	}
	return 0, false
}

// find returns the text of a key, and whether there is one. Pairs of names and
// values fill its gaps.
func (v voice) find(key string, pairs ...string) (string, bool) {
	if text, ok := v.fixed[key]; ok {
		return text, true
	}
	return v.localize(&i18n.LocalizeConfig{MessageID: key, TemplateData: gaps(pairs)})
}

// count returns the text of a key for a number.
func (v voice) count(key string, n int, pairs ...string) string {
	data := gaps(pairs)
	data["Count"] = v.number(n)
	if s, ok := v.localize(&i18n.LocalizeConfig{MessageID: key, TemplateData: data, PluralCount: n}); ok {
		return s
	}
	return key
}

func (v voice) localize(c *i18n.LocalizeConfig) (string, bool) {
	text, err := v.localizer.Localize(c)
	return text, err == nil
}

func gaps(pairs []string) map[string]string {
	data := make(map[string]string, len(pairs)/2+1)
	for i := 0; i+1 < len(pairs); i += 2 {
		data[pairs[i]] = pairs[i+1]
	}
	return data
}

// text returns the text of a key. A key without a text, which the tests rule
// out, shows as itself.
func (v voice) text(key string, pairs ...string) string {
	if s, ok := v.find(key, pairs...); ok {
		return s
	}
	return key
}

// say returns what a text says.
func (v voice) say(t Text) string {
	switch {
	case !t.day.IsZero():
		return v.date(t.day.UTC())
	case !t.at.IsZero():
		return v.full(t.at.UTC())
	case len(t.parts) > 0:
		var said strings.Builder
		for _, part := range t.parts {
			said.WriteString(v.say(part))
		}
		return said.String()
	case t.problem != "":
		return v.problem(t.problem)
	case t.words != nil:
		return t.words.In(v.tag.String())
	case t.key == "":
		return t.as
	case t.counted:
		return v.count(t.key, t.n, t.pairs...)
	default:
		return v.text(t.key, t.pairs...)
	}
}

// first returns the text of the first key that has one.
func (v voice) first(keys []string, pairs ...string) string {
	for _, key := range keys {
		if s, ok := v.find(key, pairs...); ok {
			return s
		}
	}
	return ""
}

// problem returns what is wrong, by the code of a fault, to stand beside a
// field.
func (v voice) problem(code string) string { return v.first(sentenceKeys(code)) }

// number writes a number with its digits in groups of three.
func (v voice) number(n int) string {
	digits := strconv.Itoa(n)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	var groups []string
	for len(digits) > 3 {
		groups = append([]string{digits[len(digits)-3:]}, groups...)
		digits = digits[:len(digits)-3]
	}
	return sign + strings.Join(append([]string{digits}, groups...), v.text("format_group"))
}

// direction returns the direction in which the language is written.
func (v voice) direction() string {
	script, _ := v.tag.Script()
	switch script.String() {
	case "Arab", "Hebr", "Thaa", "Syrc", "Nkoo":
		return "rtl"
	}
	return "ltr"
}

// sentenceKeys returns where the sentence for a fault's code is looked for:
// under the code, then under its family, then under what fits any.
func sentenceKeys(code string) []string {
	family, _, _ := strings.Cut(code, "_")
	return []string{code, family + "_any", "any"}
}
