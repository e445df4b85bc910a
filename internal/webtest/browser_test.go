package webtest_test

import (
	"fmt"
	"html"
	"net/http"
	"testing"

	"github.com/sallyport/sallyport/internal/webtest"
)

// pages is a small site that tells what it was asked.
func pages(string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /form", func(w http.ResponseWriter, _ *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "c", Value: "1", SameSite: http.SameSiteLaxMode})
		_, _ = fmt.Fprint(w, `<h1>Form</h1><form method="post" action="/do"><input name="a" value="x"><input name="b"><button>Go</button><button name="by" value="other">Other</button></form><a href="/told">Tell</a>`)
	})
	mux.HandleFunc("GET /fields", func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, `<h1>%s</h1><form method="post" action="/out"><button>Out</button></form><form method="get" action="/fields?old=1">
<select name="role"><option value="owner">O</option><option value="member" selected>M</option></select><textarea name="note">
kept &amp; so</textarea><input type="checkbox" name="group" value="dev" checked><input type="checkbox" name="group" value="ops">
<input type="radio" name="sso" value="off" checked><input type="radio" name="sso" value="on"><input name="gone" value="x" disabled><button>Find <b>it</b></button></form>`,
			html.EscapeString(r.URL.RawQuery))
	})
	mux.HandleFunc("POST /do", func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		_, err := r.Cookie("c")
		_, _ = fmt.Fprintf(w, `<h1>%s %s %s %v %s</h1>`, r.PostForm.Get("a"), r.PostForm.Get("b"), r.PostForm.Get("by"), err == nil, r.Header.Get("Sec-Fetch-Site"))
	})
	mux.HandleFunc("GET /told", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/last", http.StatusSeeOther) })
	mux.HandleFunc("GET /last", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, `<meta http-equiv="refresh" content="0; url=https://elsewhere.example/x"><p role="alert">mind <b>this</b></p><div data-code="some_code"></div>`)
	})
	return mux
}

func TestABrowserWalksPages(t *testing.T) {
	t.Parallel()
	b := webtest.NewBrowser(t, webtest.Serve(t, pages))
	form := b.Get("/form")
	for name, tc := range map[string]struct{ got, want string }{
		"first button":   {form.Submit(map[string]string{"b": "y"}, "", "").Heading(), "x y true same-origin"},
		"named button":   {form.Submit(map[string]string{"a": "z"}, "by", "other").Heading(), "z other true same-origin"},
		"another site":   {b.PostFromElsewhere("/do", nil).Heading(), "false cross-site"},
		"link, redirect": {form.Click("Tell").URL.Path, "/last"},
		"refresh":        {b.Get("/last").Refresh().Left, "https://elsewhere.example/x"},
		"fields as they are": {
			b.Get("/fields").Press("Find it", nil).Heading(), "group=dev&note=kept+%26+so&role=member&sso=off",
		},
		"fields filled in": {
			b.Get("/fields").Press("Find it", map[string]string{"group": "dev,ops", "note": "", "role": "owner", "sso": "on"}).Heading(),
			"group=dev&group=ops&note=&role=owner&sso=on",
		},
		"boxes emptied": {b.Get("/fields").Press("Find it", map[string]string{"group": ""}).Heading(), "note=kept+%26+so&role=member&sso=off"},
		"alert":         {b.Get("/last").Alert(), "mind this"},
		"code":          {b.Get("/last").Code(), "some_code"},
	} {
		if tc.got != tc.want {
			t.Errorf("%s: %q, want %q", name, tc.got, tc.want)
		}
	}
}
