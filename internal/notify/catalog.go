package notify

import (
	"embed"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

//go:embed locales
var localeFiles embed.FS

// languages lists the languages of the catalog; the first stands in for all
// that we do not have.
func languages() []language.Tag { return []language.Tag{language.English, language.German} }

// catalog holds the texts.
type catalog struct {
	bundle  *i18n.Bundle
	matcher language.Matcher
}

func loadCatalog() (*catalog, error) {
	tags := languages()
	c := &catalog{bundle: i18n.NewBundle(tags[0]), matcher: language.NewMatcher(tags)}
	files, err := fs.Glob(localeFiles, "locales/*.json")
	if err != nil {
		return nil, fmt.Errorf("listing the catalog of messages: %w", err)
	}
	for _, file := range files {
		if _, err := c.bundle.LoadMessageFileFS(localeFiles, file); err != nil {
			return nil, fmt.Errorf("reading the catalog of messages: %w", err)
		}
	}
	return c, nil
}

// voice speaks one language.
type voice struct {
	tag       language.Tag
	localizer *i18n.Localizer
	gaps      map[Gap]string
}

// voice returns who speaks to a person of this language.
func (c *catalog) voice(lang string, gaps map[Gap]string) voice {
	tag := languages()[0]
	if wanted, err := language.Parse(lang); err == nil {
		_, i, _ := c.matcher.Match(wanted)
		tag = languages()[i]
	}
	return voice{tag, i18n.NewLocalizer(c.bundle, tag.String()), gaps}
}

// text returns a text with its gaps filled.
func (v voice) text(key string) (string, error) {
	s, err := v.localizer.Localize(&i18n.LocalizeConfig{MessageID: key, TemplateData: v.gaps})
	if err != nil {
		return "", fmt.Errorf("finding text %s in %s: %w", key, v.tag, err)
	}
	return s, nil
}

// instant writes an instant in the words of the language.
func (v voice) instant(t time.Time) string {
	s := t.UTC().Format("2 January 2006, 15:04 UTC")
	if v.tag != language.German {
		return s
	}
	month := t.UTC().Month()
	names := [...]string{"Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember"}
	day, rest, _ := strings.Cut(s, " "+month.String()+" ")
	return day + ". " + names[month-1] + " " + rest
}
