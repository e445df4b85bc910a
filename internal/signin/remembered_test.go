package signin_test

import (
	"runtime"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/samltest"
	"github.com/sallyport/sallyport/internal/signin"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/storetest"
)

// What a node remembers of an attempt is as long as what it knows of the person, and
// not as the message that said so: a customer whose own identity provider sends the
// longest messages, and whose people never come to their end, fills no memory.
func TestAnAttemptThatIsRememberedHoldsNoMessage(t *testing.T) { // alone: it measures
	w := newWorldAt(t, storetest.SQLite(t))
	const attempts = 24
	if _, err := w.signInBySSO("alice@acme.example", "acme-okta"); err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("x", 200<<10)
	used := func() uint64 {
		for range 3 {
			runtime.GC()
		}
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	flights := make([]flight, attempts)
	for i := range flights {
		flights[i] = w.depart(w.identify("alice@acme.example", sso.StepSSO), "acme-okta")
	}
	before := used()
	for _, f := range flights {
		response := w.answer(f, about("alice@acme.example"), func(r *samltest.Response) {
			r.Attributes = append(r.Attributes, saml.Attribute{Name: "bio", Values: []string{long, long}})
		})
		if _, err := w.Service.Respond(t.Context(), w.browser, signin.Response{ConnectionKey: f.key, SAMLResponse: response, RelayState: f.relay}); err != nil {
			t.Fatal(err)
		}
	}
	if each := (int64(used()) - int64(before)) / attempts; each > 64<<10 {
		t.Errorf("%d KiB for each attempt that is remembered, of which there are 512", each>>10)
	}
	runtime.KeepAlive(w)
}
