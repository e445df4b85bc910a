package ui

import (
	"net/http"
	"strings"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/web"
)

// failure says what went wrong, what to do next, and the reference.
type failure struct {
	State     string // of the badge: refused, warn or ok
	Word      string // key of the badge's word
	Title     string // key
	Sentence  string
	Do        string
	Code      string
	Reference string
	Retry     string
	RetryWord string // key
	Glass     string // where an owner comes in all the same; "": the failure is another
}

// Head implements [Page].
func (f failure) Head() Head { return Head{Template: "failure", Title: Say(f.Title)} }

// Failure shows a person that a request failed. It is the Failure of a
// [web.Config].
func (u *UI) Failure(w http.ResponseWriter, r *http.Request, f web.Failure) {
	e, err := u.editions[0][u.languageOf(r)]()
	if err == nil {
		err = u.Render(w, r, f.Status, e.failure(f, startOf(r)))
	}
	if err != nil {
		// The page that cannot fail: only the reference matters now.
		http.Error(w, f.Code+" "+f.Reference, f.Status)
		return
	}
}

// start is where somebody goes on who does not know what else to do.
type start struct {
	path, word string
	signedIn   bool
}

// startOf returns where a person begins anew: in the console in which they
// are, at their account, or at the sign-in.
func startOf(r *http.Request) start {
	who, ok := web.Somebody(r)
	switch {
	case !ok:
		return start{path: "/login", word: "to_sign_in"}
	case under(r, "/console") && who.Administers():
		return start{"/console", "to_console", true}
	case under(r, "/operator") && who.Support():
		return start{"/operator", "to_operator", true}
	default:
		return start{"/account", "to_account", true}
	}
}

func under(r *http.Request, path string) bool {
	rest, ok := strings.CutPrefix(r.URL.Path, path)
	return ok && (rest == "" || rest[0] == '/')
}

// failure chooses the words for a failure.
func (v voice) failure(f web.Failure, from start) failure {
	page := failure{
		State: "refused", Word: "refused", Title: "failure_refused", Code: f.Code, Reference: f.Reference,
		Retry: f.Retry, RetryWord: "try_again",
	}
	if f.Code == "policy_sso_required" && !from.signedIn {
		page.Glass = web.BreakGlassPath
	}
	if from.signedIn {
		page.Word, page.Title = "failure_word", "failure_not_done"
	}
	if page.Retry == "" {
		page.Retry = from.path
		if from.signedIn {
			page.RetryWord = from.word
		}
	}
	switch {
	case f.Onward != "":
		page.State, page.Word, page.Title = "ok", "signed_in", "failure_signed_in"
		page.Retry, page.RetryWord = f.Onward, "to_account"
	case f.Status == http.StatusNotFound:
		page.State, page.Word, page.Title, page.RetryWord = "warn", "not_found_word", "failure_not_found", from.word
	case f.Status >= http.StatusInternalServerError:
		page.State, page.Word, page.Title = "warn", "trouble", "failure_trouble"
	}
	if _, ok := v.find(f.Code + ".title"); ok {
		page.Title = f.Code + ".title"
	}
	if _, ok := v.find(f.Code + ".word"); ok {
		page.Word = f.Code + ".word"
	}
	if _, ok := v.find(f.Code + ".retry"); ok && f.Retry != "" {
		page.RetryWord = f.Code + ".retry"
	}
	if f.Topic != web.SigningIn && page.Title == "failure_refused" {
		// The codes speak of an answer to a sign-in; this is another matter, of
		// which the person need not know more.
		topic := string(f.Topic)
		page.Word, page.Title, page.Retry, page.RetryWord = topic+".word", topic+".title", "/account", "to_account"
		page.Sentence, page.Do = v.first([]string{topic}), v.first([]string{topic + ".do"})
		return page
	}
	var pairs []string
	if own(f.Code) {
		pairs = []string{"Want", f.Want, "Got", f.Got}
	}
	page.Sentence = v.first(sentenceKeys(f.Code), pairs...)
	do := make([]string, 0, 5)
	if f.Onward != "" || from.signedIn {
		do = append(do, f.Code+".signed_in")
	}
	for _, key := range sentenceKeys(f.Code)[:2] {
		do = append(do, key+".do")
	}
	if f.Status == http.StatusNotFound && f.Fix == fault.OperatorSide && from.signedIn {
		do = append(do, "page_not_found.signed_in") // what is not there does not come by waiting
	}
	page.Do = v.first(append(do, "do."+side(f.Fix), "do.nobody"))
	return page
}

// own reports whether the values of a fault are the person's own, so that they
// may be shown to anyone who meets it. All others are the administrator's.
func own(code string) bool { return code == "ident_email_mismatch" }

func side(s fault.Side) string {
	if s == fault.Nobody {
		return "nobody"
	}
	return s.String()
}

// Sentence says in English what a code means, or the code where nothing does. It
// is the Sentence of a [web.Config].
func (u *UI) Sentence(code string) string {
	e, err := u.editions[0][0]()
	if err != nil {
		return code
	}
	return e.first(sentenceKeys(code))
}
