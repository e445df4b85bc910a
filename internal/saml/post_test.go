package saml_test

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/samltest"
)

func deflated(message []byte) []byte {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.BestCompression)
	_, _ = w.Write(message)
	_ = w.Close()
	return b.Bytes()
}

// wrapped breaks lines as MIME does.
func wrapped(s string) string {
	var b strings.Builder
	for chunk := range slices.Chunk([]byte(s), 76) {
		b.Write(chunk)
		b.WriteString("\r\n")
	}
	return b.String()
}

func ruleOf(t *testing.T, err error) saml.Rule {
	t.Helper()
	if err == nil {
		return ""
	}
	refusal, ok := errors.AsType[*saml.Refusal](err)
	if !ok {
		t.Fatalf("error of type %T: %v", err, err)
	}
	failed := slices.ContainsFunc(refusal.Checks, func(c saml.Check) bool {
		return c.Rule == refusal.Rule && c.Verdict == saml.Fail
	})
	if !failed {
		t.Errorf("no check says that %v failed: %v", refusal.Rule, refusal.Checks)
	}
	return refusal.Rule
}

// A formAttack is a form that carries a response in a way that two readers could
// read differently, the rule that must refuse it, and its twin.
type formAttack struct {
	no   samltest.Number
	name string
	form string
	rule saml.Rule
	twin string // empty: the form as it is
}

// postedForms returns the attacks on a form, and the form.
func postedForms(message []byte) (attacks []formAttack, good string) {
	encode := base64.StdEncoding.EncodeToString
	good = encode(message)
	large := func(size int) string { return encode(bytes.Repeat([]byte("<"), size)) }
	plus := strings.Replace(good, "A", "+", 1) // stands for a form with one in it
	return []formAttack{
		{88, "nothing", "", saml.BindParam, ""},
		{88, "white space alone", " \n", saml.BindParam, " " + good + "\n"},
		{89, "not encoded", string(message), saml.BindBase64, ""},
		{89, "not encoded, behind white space", " \n" + string(message), saml.BindBase64, ""},
		{89, "without padding", strings.TrimRight(good, "="), saml.BindBase64, ""},
		{89, "half of the padding", good[:len(good)-1], saml.BindBase64, ""},
		{89, "too much padding", good + "=", saml.BindBase64, ""},
		{89, "padding alone", "====", saml.BindBase64, ""},
		{89, "data after the padding", good + good, saml.BindBase64, ""},
		{89, "a letter after the padding", good + "A", saml.BindBase64, ""},
		{89, "for URLs", strings.Replace(good, good[:1], "-", 1), saml.BindBase64, wrapped(good)},
		{89, "for URLs by the other letter", strings.Replace(good, good[:1], "_", 1), saml.BindBase64, ""},
		{89, "percent-encoded", url.QueryEscape(good), saml.BindBase64, ""},
		{89, "a plus sign turned to a blank", strings.Replace(plus, "+", " ", 1), saml.BindBase64, " \t" + good[:4] + "\n " + good[4:] + "\r\n"},
		{89, "other characters", strings.Replace(good, good[:1], "*", 1), saml.BindBase64, ""},
		{89, "a comma for the form of mail", strings.Replace(good, good[:1], ",", 1), saml.BindBase64, ""},
		{89, "vertical tab", "\v" + good, saml.BindBase64, "\t" + good},
		{89, "NUL", good[:8] + "\x00" + good[8:], saml.BindBase64, ""},
		{89, "a blank that is none of ASCII", good[:8] + "\u00a0" + good[8:], saml.BindBase64, ""},
		{89, "quotes around it", `"` + good + `"`, saml.BindBase64, ""},
		{89, "an address of data", "data:text/xml;base64," + good, saml.BindBase64, ""},
		{89, "loose bits at the end", good[:len(good)-3] + "h==", saml.BindBase64, ""},
		{89, "twice", encode([]byte(good)), saml.BindBase64, ""},
		{89, "twice, in lines", wrapped(encode([]byte(good))), saml.BindBase64, ""},
		{90, "deflated", encode(deflated(message)), saml.BindInflate, ""},
		{90, "deflated, a bomb", encode(deflated(bytes.Repeat([]byte(" "), 64<<20))), saml.BindInflate, ""},
		{90, "zlib", encode([]byte("x\x9c\xed\x80\x00\x01")), saml.BindInflate, ""},
		{90, "gzip", encode([]byte("\x1f\x8b\x08\x00\x00\x00")), saml.BindInflate, ""},
		{90, "one octet too long", large(saml.MaxMessage + 1), saml.BindSize, large(saml.MaxMessage)},
		{90, "one octet too long, in lines", wrapped(large(saml.MaxMessage + 1)), saml.BindSize, wrapped(large(saml.MaxMessage))},
		{90, "much too long", strings.Repeat(" ", saml.MaxForm+1), saml.BindSize, good + strings.Repeat(" ", saml.MaxForm-len(good))},
	}, good
}

func TestDecodePostRefuses(t *testing.T) {
	t.Parallel()
	message := samltest.New(t).Respond()
	for len(message)%3 != 1 {
		message = append(message, '\n') // two octets of padding
	}
	tried := newTally(t)
	attacks, good := postedForms(message)
	for _, attack := range attacks {
		t.Run(attack.no.String()+" "+attack.name, func(t *testing.T) {
			t.Parallel()
			refusedBy(t, attack.rule)
			tried.made(samltest.Binding)
			if _, err := saml.DecodePost(attack.form); ruleOf(t, err) != attack.rule {
				t.Fatalf("DecodePost() = %v, want %q", err, attack.rule)
			}
			tried.refused(samltest.Binding)
			twin := attack.twin
			if twin == "" {
				twin = good
			}
			got, err := saml.DecodePost(twin)
			if err != nil || len(got) != saml.MaxMessage && got != string(message) {
				t.Fatalf("twin: DecodePost() = %q, %v", got, err)
			}
			tried.accepted(samltest.Binding)
		})
	}
}
