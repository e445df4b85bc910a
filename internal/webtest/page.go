package webtest

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// Page is where a browser has come to.
type Page struct {
	Status int
	URL    *url.URL
	Header http.Header
	Body   string

	// Left is the URL of another origin to which the browser would have gone
	// now, and Posted what it would have posted there.
	Left   string
	Posted url.Values

	browser *Browser
	root    *html.Node
}

// Submit fills the first form that has a button of this name and value, both
// "" for the form's first button, and sends it.
func (p *Page) Submit(fields map[string]string, button, value string) *Page {
	b := p.browser
	b.tb.Helper()
	for form := range p.all("form") {
		for node := range form.Descendants() {
			if node.Type != html.ElementNode || node.Data != "button" || attr(node, "type") == "button" {
				continue
			}
			if button != "" && (attr(node, "name") != button || attr(node, "value") != value) {
				continue
			}
			return p.send(form, node, fields)
		}
	}
	b.tb.Fatalf("no form has a button %s=%q:\n%s", button, value, p.Body)
	return nil
}

// Press fills the form whose button says this, and sends it by that button.
func (p *Page) Press(text string, fields map[string]string) *Page {
	b := p.browser
	b.tb.Helper()
	for form := range p.all("form") {
		for node := range form.Descendants() {
			if node.Type == html.ElementNode && node.Data == "button" && attr(node, "type") != "button" && Text(node) == text {
				return p.send(form, node, fields)
			}
		}
	}
	b.tb.Fatalf("no button says %q:\n%s", text, p.Body)
	return nil
}

// send sends a form by a button.
func (p *Page) send(form, button *html.Node, fill map[string]string) *Page {
	b := p.browser
	b.tb.Helper()
	f := filling{fields: url.Values{}, rest: maps.Clone(fill)}
	for node := range form.Descendants() {
		if node.Type == html.ElementNode && attr(node, "name") != "" {
			f.field(node)
		}
	}
	for _, name := range f.met {
		delete(f.rest, name)
	}
	if len(f.rest) != 0 {
		b.tb.Fatalf("the form has no fields for %v:\n%s", f.rest, p.Body)
	}
	fields := f.fields
	if name := attr(button, "name"); name != "" {
		fields.Add(name, attr(button, "value"))
	}
	target := b.resolve(p.URL, attr(form, "action"))
	s := step{
		method: strings.ToUpper(attr(form, "method")), url: target, site: "same-origin", fields: fields,
		policy: p.Header.Get("Content-Security-Policy"),
	}
	if !b.at(target) {
		s.site = "cross-site"
	}
	if s.method == http.MethodGet {
		query := *target
		query.RawQuery, s.fields = fields.Encode(), nil
		s.url = &query
	}
	return b.walk(s)
}

// filling is a form that is being filled in.
type filling struct {
	fields url.Values
	rest   map[string]string // what is to be filled in
	met    []string          // the fields for it
}

// field fills in a field and takes its value. Of boxes and circles those are
// ticked that are asked for, several with commas between them, and none by "";
// what nobody asks for stays as the page has it.
func (f *filling) field(node *html.Node) {
	name := attr(node, "name")
	wanted, asked := f.rest[name]
	switch {
	case has(node, "disabled"):
	case node.Data == "input" && (attr(node, "type") == "checkbox" || attr(node, "type") == "radio"):
		ticked := has(node, "checked")
		if asked {
			ticked = slices.Contains(strings.Split(wanted, ","), attr(node, "value"))
			if ticked || wanted == "" {
				f.met = append(f.met, name)
			}
		}
		if ticked {
			f.fields.Add(name, attr(node, "value"))
		}
	case node.Data == "select":
		if value, ok := choice(node, wanted, asked); ok {
			f.met = append(f.met, name)
			f.fields.Add(name, value)
		}
	case node.Data == "input" || node.Data == "textarea":
		value := attr(node, "value")
		if node.Data == "textarea" {
			value = strings.TrimPrefix(content(node), "\n")
		}
		if asked {
			value = wanted
			f.met = append(f.met, name)
		}
		f.fields.Add(name, value)
	}
}

// choice returns the value of a select: the wanted one where it is offered, or
// the one that the page has.
func choice(node *html.Node, wanted string, asked bool) (string, bool) {
	first, chosen := "", ""
	var found, offered, selected bool
	for option := range node.Descendants() {
		if option.Type != html.ElementNode || option.Data != "option" || has(option, "disabled") {
			continue
		}
		value := attr(option, "value")
		if !offered {
			first, offered = value, true
		}
		if has(option, "selected") {
			chosen, selected = value, true
		}
		found = found || value == wanted
	}
	switch {
	case asked:
		return wanted, found
	case selected:
		return chosen, true
	default:
		return first, offered
	}
}

// content returns the text within a node as it stands.
func content(node *html.Node) string {
	var text strings.Builder
	for n := range node.Descendants() {
		if n.Type == html.TextNode {
			text.WriteString(n.Data)
		}
	}
	return text.String()
}

// has reports whether a node has an attribute.
func has(node *html.Node, name string) bool {
	return slices.ContainsFunc(node.Attr, func(a html.Attribute) bool { return a.Key == name })
}

// Refresh follows the refresh of a page that moves on by itself.
func (p *Page) Refresh() *Page {
	b := p.browser
	b.tb.Helper()
	for node := range p.all("meta") {
		if attr(node, "http-equiv") != "refresh" {
			continue
		}
		if _, target, ok := strings.Cut(attr(node, "content"), "; url="); ok {
			return b.walk(step{method: http.MethodGet, url: b.resolve(p.URL, target), site: "same-origin"})
		}
	}
	b.tb.Fatalf("the page does not move on:\n%s", p.Body)
	return nil
}

// Click follows the link with this text.
func (p *Page) Click(text string) *Page {
	b := p.browser
	b.tb.Helper()
	for node := range p.all("a") {
		if Text(node) == text {
			return b.walk(step{method: http.MethodGet, url: b.resolve(p.URL, attr(node, "href")), site: "same-origin"})
		}
	}
	b.tb.Fatalf("no link says %q:\n%s", text, p.Body)
	return nil
}

// Heading returns the text of the page's h1.
func (p *Page) Heading() string {
	for node := range p.all("h1") {
		return Text(node)
	}
	return ""
}

// Code returns the code that a failure page carries, or "".
func (p *Page) Code() string { return p.Attr("data-code") }

// Alert returns what the page announces, or "".
func (p *Page) Alert() string {
	if p.root == nil {
		return ""
	}
	for node := range p.root.Descendants() {
		if attr(node, "role") == "alert" {
			return Text(node)
		}
	}
	return ""
}

// Attr returns the value of the first attribute of this name, or "".
func (p *Page) Attr(name string) string {
	if p.root == nil {
		return ""
	}
	for node := range p.root.Descendants() {
		if v := attr(node, name); v != "" {
			return v
		}
	}
	return ""
}

// Value returns what an input holds.
func (p *Page) Value(name string) string {
	for node := range p.all("input") {
		if attr(node, "name") == name {
			return attr(node, "value")
		}
	}
	return ""
}

// Has reports whether the page has an input or a button of this name.
func (p *Page) Has(name string) bool {
	for _, element := range []string{"input", "button"} {
		for node := range p.all(element) {
			if attr(node, "name") == name {
				return true
			}
		}
	}
	return false
}

// all returns the elements of a name, in the order of the page.
func (p *Page) all(element string) func(func(*html.Node) bool) {
	return func(yield func(*html.Node) bool) {
		if p.root == nil {
			return
		}
		for node := range p.root.Descendants() {
			if node.Type == html.ElementNode && node.Data == element && !yield(node) {
				return
			}
		}
	}
}

// Text returns the text inside a node, with white space folded.
func Text(n *html.Node) string {
	var b strings.Builder
	for node := range n.Descendants() {
		if node.Type == html.TextNode {
			b.WriteString(node.Data + " ")
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
