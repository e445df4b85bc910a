package main

import (
	"crypto/rand"
	"encoding/base64"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
)

// A bare server that lets everybody in would be fast.
func TestABareServerVerifies(t *testing.T) {
	t.Parallel()
	w, err := newWorld()
	if err != nil {
		t.Fatal(err)
	}
	dir, secret := t.TempDir(), rand.Text()
	if err := w.describe(dir, secret); err != nil {
		t.Fatal(err)
	}
	listening := httptest.NewUnstartedServer(nil)
	base := "http://" + listening.Listener.Addr().String()
	if listening.Config.Handler, err = newBare(base, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	listening.Start()
	t.Cleanup(listening.Close)

	for name, c := range map[string]struct {
		change func(*load, *visit)
		err    string // begins so; empty: none
	}{
		"as it should be":     {change: func(*load, *visit) {}},
		"by somebody else":    {func(_ *load, v *visit) { v.replace("Alice", "Eve") }, "response: 400"},
		"without the secret":  {func(l *load, _ *visit) { l.secret = "guessed" }, "token: 400"},
		"with another's code": {func(_ *load, v *visit) { v.verifier = rand.Text() }, "token: 400"},
	} {
		l := &load{server: &server{base: base}, idp: w, secret: secret}
		v, err := l.leave("alice@" + domain)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.answer(v, base); err != nil {
			t.Fatal(err)
		}
		c.change(l, v)
		if err := l.enter(v); (err == nil) != (c.err == "") || err != nil && !strings.HasPrefix(err.Error(), c.err) {
			t.Errorf("%s: got %v, want %q", name, err, c.err)
		}
	}
}

// replace changes a text in the response of a visit.
func (v *visit) replace(old, text string) {
	doc, _ := base64.StdEncoding.DecodeString(v.response.Get("SAMLResponse"))
	v.response.Set("SAMLResponse", base64.StdEncoding.EncodeToString([]byte(strings.Replace(string(doc), old, text, 1))))
}
