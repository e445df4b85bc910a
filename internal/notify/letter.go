package notify

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"maps"
	"net/netip"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/sallyport/sallyport/internal/sso"
)

//go:embed templates
var templateFiles embed.FS

// maxShown is how much of a name of somebody else's is shown, in characters.
const maxShown = 80

// Letter is a message in the words of its recipient, ready to be sent.
type Letter struct {
	ID      sso.MessageID
	To      string
	Subject string // empty in an SMS
	Text    string
	HTML    string // empty in an SMS
	// Until is when the letter loses its worth; a gateway may drop it then.
	Until time.Time
}

// Writer puts messages into words. It is safe for concurrent use.
type Writer struct {
	product string
	base    string
	host    string
	catalog *catalog
	mail    *template.Template
}

// NewWriter returns a writer whose links lead below baseURL, which has no
// slash at its end. product is how the deployment calls itself.
func NewWriter(product, baseURL string) (*Writer, error) {
	u, err := url.Parse(baseURL)
	if err != nil {
		return nil, fmt.Errorf("reading the base URL for messages: %w", err)
	}
	w := &Writer{product: product, base: baseURL, host: u.Hostname()}
	if w.catalog, err = loadCatalog(); err != nil {
		return nil, err
	}
	if w.mail, err = template.ParseFS(templateFiles, "templates/mail.html"); err != nil {
		return nil, fmt.Errorf("parsing the template of mails: %w", err)
	}
	return w, nil
}

// mailView is what the template of a mail sees.
type mailView struct {
	Lang, Product, Subject, Lead string
	Facts                        []fact
	Link, Button, Fallback       string
	After, Foot                  string
}

// fact is a line of what is known about an event.
type fact struct{ Name, Value string }

// Write puts a message into words.
func (w *Writer) Write(id sso.MessageID, m Message) (Letter, error) {
	if err := m.check(); err != nil {
		return Letter{}, err
	}
	gaps := maps.Clone(m.Data)
	if gaps == nil {
		gaps = map[Gap]string{}
	}
	v := w.catalog.voice(m.Language, gaps)
	gaps["product"], gaps["host"] = w.product, w.host
	for _, name := range []Gap{Organization, Inviter, Domain, Connection, Device, Place} {
		s, ok := gaps[name]
		if _, err := netip.ParseAddr(s); ok && err != nil {
			gaps[name] = quiet(s)
		}
	}
	for _, name := range []Gap{Until, At} {
		if t, err := time.Parse(time.RFC3339, gaps[name]); err == nil {
			gaps[name] = v.instant(t)
		}
	}
	if path, ok := gaps[Link]; ok {
		gaps[Link] = w.base + path
	}
	if factor, ok := gaps[Factor]; ok {
		name, err := v.text("factor_" + factor)
		if err != nil {
			return Letter{}, err
		}
		gaps[Factor] = name
	}
	if m.Channel == SMS {
		return w.writeSMS(id, m, v)
	}
	return w.writeMail(id, m, v)
}

// writeSMS ends a code with a line by which browsers recognise for whom it is
// (https://wicg.github.io/sms-one-time-codes/).
func (w *Writer) writeSMS(id sso.MessageID, m Message, v voice) (Letter, error) {
	text, err := v.text(string(m.Kind) + "_text")
	if err != nil {
		return Letter{}, err
	}
	if code, ok := m.Data[Code]; ok {
		text += "\n\n@" + w.host + " #" + code
	}
	return Letter{ID: id, To: m.To, Text: text}, nil
}

func (w *Writer) writeMail(id sso.MessageID, m Message, v voice) (Letter, error) {
	view := mailView{Lang: v.tag.String(), Product: w.product, Link: v.gaps[Link]}
	var err error
	want := func(key string) (s string) {
		if err == nil {
			s, err = v.text(key)
		}
		return s
	}
	kind := string(m.Kind)
	view.Subject, view.Lead, view.After, view.Foot = want(kind+"_subject"), want(kind+"_lead"), want(kind+"_after"), want("foot")
	for _, gap := range []Gap{At, Device, Place} {
		if v.gaps[gap] != "" {
			view.Facts = append(view.Facts, fact{want("fact_" + gap), v.gaps[gap]})
		}
	}
	if view.Link != "" {
		view.Button, view.Fallback = want(kind+"_button"), want("link_fallback")
	}
	if err != nil {
		return Letter{}, err
	}
	var html bytes.Buffer
	if err := w.mail.Execute(&html, view); err != nil {
		return Letter{}, fmt.Errorf("writing the mail %s: %w", m.Kind, err)
	}
	return Letter{ID: id, To: m.To, Subject: view.Subject, Text: view.text(), HTML: html.String()}, nil
}

// text is the mail for who reads plain text.
func (v *mailView) text() string {
	var b strings.Builder
	b.WriteString(v.Lead + "\n\n")
	for _, f := range v.Facts {
		b.WriteString(f.Name + ": " + f.Value + "\n")
	}
	if len(v.Facts) > 0 {
		b.WriteString("\n")
	}
	if v.Link != "" {
		b.WriteString(v.Button + ":\n" + v.Link + "\n\n")
	}
	b.WriteString(v.After + "\n\n-- \n" + v.Foot + "\n")
	return b.String()
}

// quiet makes a text of somebody else's fit to stand in a mail of ours: one line, not too
// long, and nothing that a mail program turns into a link. Whoever names an
// organization "See evil.example" shall not have us send that link around.
func quiet(s string) string {
	var b strings.Builder
	n := 0
	for _, r := range sso.CleanName(s) {
		if n++; n > maxShown {
			b.WriteRune('…')
			break
		}
		switch {
		case r == '.' || r == ':' || r == '@':
			b.WriteRune(r)
			b.WriteRune('\u2060') // word joiner: not seen, and in no name of a host
		case unicode.Is(unicode.Cf, r):
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
