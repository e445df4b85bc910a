package webtest

import (
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/sallyport/sallyport/internal/web/ui"
)

// checkMarkup holds pages to what a content policy, a screen reader and a
// browser without scripts need of them.
func (p Pages) checkMarkup(t *testing.T, u *ui.UI) {
	for name, s := range p.Specimens {
		for _, problem := range Unsound(s.Shown(t, u, "en").Body.String()) {
			t.Errorf("%s: %s", name, problem)
		}
	}
}

// Unsound lists what is wrong with a page.
func Unsound(page string) []string {
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		return []string{err.Error()}
	}
	s := sound{ids: map[string]bool{}, labelled: map[string]bool{}}
	if problem := balanced(page); problem != "" {
		s.say(problem)
	}
	for n := range root.Descendants() {
		if n.Type == html.ElementNode {
			s.note(n, attrs(n))
		}
	}
	for n := range root.Descendants() {
		if n.Type == html.ElementNode {
			s.judge(n, attrs(n))
		}
	}
	if s.headings != 1 {
		s.say("has not one main heading")
	}
	return s.problems
}

// sound is what is known of a page.
type sound struct {
	ids      map[string]bool
	labelled map[string]bool
	headings int
	problems []string
}

func (s *sound) say(parts ...string) { s.problems = append(s.problems, strings.Join(parts, " ")) }

// note takes down what others refer to, and what must not be there at all.
func (s *sound) note(n *html.Node, a map[string]string) {
	if id := a["id"]; id != "" {
		if s.ids[id] {
			s.say("two elements are called", id)
		}
		s.ids[id] = true
	}
	for key := range a {
		if key == "style" || strings.HasPrefix(key, "on") {
			s.say("<"+n.Data+"> has an inline", key)
		}
	}
	switch n.Data {
	case "style", "iframe", "object", "base":
		s.say("has a", n.Data)
	case "script":
		if a["src"] == "" || n.FirstChild != nil {
			s.say("has an inline script")
		}
	case "label":
		s.labelled[a["for"]] = true
	case "h1":
		s.headings++
	case "html":
		if a["lang"] == "" || a["dir"] == "" {
			s.say("has no language or no direction")
		}
	case "svg":
		if a["aria-hidden"] != "true" && a["role"] != "img" {
			s.say("a picture is neither hidden from nor described to who cannot see it")
		}
	case "form":
		if a["method"] == "" || a["action"] == "" && a["method"] != "dialog" {
			s.say("a form does not say how or where it goes")
		}
	}
}

// judge looks at what an element refers to.
func (s *sound) judge(n *html.Node, a map[string]string) {
	switch n.Data {
	case "input":
		if a["type"] == "hidden" || a["aria-hidden"] != "" {
			break
		}
		if !s.labelled[a["id"]] && a["aria-label"] == "" {
			s.say("field", a["name"], "has no label")
		}
		switch a["type"] {
		case "checkbox", "radio", "file", "range":
		default:
			if a["autocomplete"] == "" {
				s.say("field", a["name"], "has no autocomplete")
			}
		}
	case "select", "textarea":
		if !s.labelled[a["id"]] && a["aria-label"] == "" {
			s.say("field", a["name"], "has no label")
		}
	}
	for _, key := range []string{"aria-describedby", "aria-labelledby", "aria-controls", "for", "popovertarget", "data-copies", "data-reveals", "data-opens"} {
		for id := range strings.FieldsSeq(a[key]) {
			if !s.ids[id] {
				s.say(key+"="+id, "names nothing")
			}
		}
	}
}

// balanced says where tags are not closed as they were opened.
func balanced(page string) string {
	void := map[string]bool{"meta": true, "link": true, "input": true, "br": true, "hr": true, "img": true, "col": true, "wbr": true}
	var open []string
	for z := html.NewTokenizer(strings.NewReader(page)); ; {
		switch z.Next() {
		case html.ErrorToken:
			if len(open) != 0 {
				return "is not closed: " + strings.Join(open, " ")
			}
			return ""
		case html.StartTagToken:
			if name := z.Token().Data; !void[name] {
				open = append(open, name)
			}
		case html.EndTagToken:
			name := z.Token().Data
			if len(open) == 0 || open[len(open)-1] != name {
				return "</" + name + "> closes " + strings.Join(open, " ")
			}
			open = open[:len(open)-1]
		}
	}
}

func attrs(n *html.Node) map[string]string {
	m := map[string]string{}
	for _, a := range n.Attr {
		m[a.Key] = a.Val
	}
	return m
}
