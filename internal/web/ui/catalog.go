package ui

import (
	"embed"
	"fmt"
	"io/fs"
	"net/http"
	"strings"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

//go:embed locales
var localeFiles embed.FS

// languages lists the languages of the catalog; the first stands in for all
// that we do not have.
func languages() []language.Tag { return []language.Tag{language.English, language.German} }

// maxAcceptLanguage bounds how much of the header is looked at, in octets.
const maxAcceptLanguage = 200

// catalog holds the texts.
type catalog struct {
	bundle  *i18n.Bundle
	matcher language.Matcher
	voices  []voice // in the order of languages
}

// voice speaks one language.
type voice struct {
	tag       language.Tag
	localizer *i18n.Localizer
	fixed     map[string]string // texts without gaps, found once and for all
}

func loadCatalog() (*catalog, error) {
	tags := languages()
	c := &catalog{bundle: i18n.NewBundle(tags[0]), matcher: language.NewMatcher(tags)}
	files, err := fs.Glob(localeFiles, "locales/*.json")
	if err != nil {
		return nil, fmt.Errorf("listing the catalog: %w", err)
	}
	var keys []string
	for _, file := range files {
		read, err := c.bundle.LoadMessageFileFS(localeFiles, file)
		if err != nil {
			return nil, fmt.Errorf("reading the catalog: %w", err)
		}
		for _, m := range read.Messages {
			if !strings.Contains(m.Other, "{{") {
				keys = append(keys, m.ID)
			}
		}
	}
	for _, tag := range tags {
		v := voice{tag: tag, localizer: i18n.NewLocalizer(c.bundle, tag.String()), fixed: map[string]string{}}
		for _, key := range keys {
			if text, ok := v.find(key); ok {
				v.fixed[key] = text
			}
		}
		c.voices = append(c.voices, v)
	}
	return c, nil
}

// voiceFor returns the voice that the browser prefers.
func (c *catalog) voiceFor(r *http.Request) voice {
	header := r.Header.Get("Accept-Language")
	if header == "" || len(header) > maxAcceptLanguage {
		return c.voices[0]
	}
	wanted, _, err := language.ParseAcceptLanguage(header)
	if err != nil {
		return c.voices[0]
	}
	_, i, _ := c.matcher.Match(wanted...)
	return c.voices[i]
}

// find returns the text of a key, and whether there is one. Pairs of names and
// values fill its gaps.
func (v voice) find(key string, pairs ...string) (string, bool) {
	if text, ok := v.fixed[key]; ok {
		return text, true
	}
	data := make(map[string]string, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		data[pairs[i]] = pairs[i+1]
	}
	text, err := v.localizer.Localize(&i18n.LocalizeConfig{MessageID: key, TemplateData: data})
	// A text that only another language has comes with an error beside it.
	return text, err == nil || text != ""
}

// text returns the text of a key. A key without a text, which the tests rule
// out, shows as itself.
func (v voice) text(key string, pairs ...string) string {
	if s, ok := v.find(key, pairs...); ok {
		return s
	}
	return key
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
