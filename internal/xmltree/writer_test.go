package xmltree

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestWriterWritesWhatParseReads(t *testing.T) {
	t.Parallel()
	var w Writer
	w.Start("samlp:AuthnRequest")
	w.Namespace("samlp", "urn:oasis:names:tc:SAML:2.0:protocol")
	w.Namespace("", "urn:oasis:names:tc:SAML:2.0:assertion")
	w.Attr("ID", "_1")
	w.Start("Issuer")
	w.Text(`a<b>"c"&d`)
	w.End()
	w.Start("Empty")
	w.Attr("x", "\"<>&\t\r\n'")
	w.End()
	w.End()
	got, err := w.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	const want = `<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns="urn:oasis:names:tc:SAML:2.0:assertion" ID="_1">` +
		`<Issuer>a&lt;b&gt;"c"&amp;d</Issuer><Empty x="&quot;&lt;>&amp;&#x9;&#xD;&#xA;'"/></samlp:AuthnRequest>`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestWriterRefuses(t *testing.T) {
	t.Parallel()
	for name, build := range map[string]func(*Writer){
		"nothing":                 func(*Writer) {},
		"a name with a space":     func(w *Writer) { w.Start("r x"); w.End() },
		"a name that ends a tag":  func(w *Writer) { w.Start("r><s/"); w.End() },
		"no name":                 func(w *Writer) { w.Start(""); w.End() },
		"an attribute's name":     func(w *Writer) { w.Start("r"); w.Attr(`a="" b`, ""); w.End() },
		"a prefix":                func(w *Writer) { w.Start("r"); w.Namespace("a b", "urn:x"); w.End() },
		"an unbound prefix":       func(w *Writer) { w.Start("a:r"); w.End() },
		"a relative namespace":    func(w *Writer) { w.Start("r"); w.Namespace("", "x"); w.End() },
		"an attribute twice":      func(w *Writer) { w.Start("r"); w.Attr("a", ""); w.Attr("a", ""); w.End() },
		"an attribute too late":   func(w *Writer) { w.Start("r"); w.Text("x"); w.Attr("a", ""); w.End() },
		"an attribute too early":  func(w *Writer) { w.Attr("a", ""); w.Start("r"); w.End() },
		"a control character":     func(w *Writer) { w.Start("r"); w.Text("\x00"); w.End() },
		"a control in a value":    func(w *Writer) { w.Start("r"); w.Attr("a", "\x1B"); w.End() },
		"broken UTF-8":            func(w *Writer) { w.Start("r"); w.Text("\xFF"); w.End() },
		"an element left open":    func(w *Writer) { w.Start("r") },
		"an element never opened": func(w *Writer) { w.Start("r"); w.End(); w.End() },
		"a second root":           func(w *Writer) { w.Start("r"); w.End(); w.Start("r"); w.End() },
		"text outside":            func(w *Writer) { w.Start("r"); w.End(); w.Text(" ") },
	} {
		var w Writer
		build(&w)
		if got, err := w.Bytes(); err == nil {
			t.Errorf("%s: wrote %s", name, got)
		}
	}
	var twin Writer
	twin.Start("r")
	twin.Attr("a", "")
	twin.Text("x")
	twin.End()
	if _, err := twin.Bytes(); err != nil {
		t.Errorf("the twin: %v", err)
	}
}

// Whatever a tenant types comes back as it was, or is refused.
func TestWriterKeepsValues(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.OneOf(rapid.String(), rapid.StringMatching(`[<>&"'\]\[!?/= \t\r\na-z;#-]*`)).Draw(t, "value")
		var w Writer
		w.Start("r")
		w.Attr("a", value)
		w.Text(value)
		w.End()
		src, err := w.Bytes()
		if err != nil {
			if !strings.ContainsFunc(value, func(r rune) bool { return !isChar(r) }) {
				t.Fatalf("refused %q: %v", value, err)
			}
			return
		}
		doc, err := Parse(src, Message)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := doc.Root().Attr("a"); got != value {
			t.Errorf("attribute %q, want %q", got, value)
		}
		if got, _ := doc.Root().Leaf(); got != value {
			t.Errorf("text %q, want %q", got, value)
		}
	})
}
