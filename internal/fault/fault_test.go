package fault_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/fault"
)

func TestFromFindsTheFaultInAChain(t *testing.T) {
	t.Parallel()
	inner := &fault.Error{Kind: fault.Denied, Code: "saml_audience", Want: "a", Got: "b", Fix: fault.IdPSide}
	got := fault.From(fmt.Errorf("verifying response: %w", inner))
	if got != inner {
		t.Fatalf("From() = %v, want the wrapped fault", got)
	}
	if !fault.Is(got, "saml_audience") || fault.Is(got, "saml_issuer") {
		t.Fatalf("Is() does not tell codes apart for %v", got)
	}
}

func TestFromMakesAnythingElseOurs(t *testing.T) {
	t.Parallel()
	cause := errors.New("disk on fire")
	got := fault.From(cause)
	if got.Kind != fault.Internal || got.Code != "internal" || !errors.Is(got, cause) {
		t.Fatalf("From(%v) = %#v, want an internal fault around it", cause, got)
	}
	if fault.From(nil) != nil {
		t.Fatal("From(nil) is not nil")
	}
}

func TestErrorTextNamesWantAndGot(t *testing.T) {
	t.Parallel()
	err := &fault.Error{Code: "saml_audience", Want: "https://a", Got: "https://b", Err: errors.New("verifying response")}
	want := `saml_audience: want "https://a", got "https://b": verifying response`
	if err.Error() != want {
		t.Fatalf("Error() = %q, want %q", err.Error(), want)
	}
}

func TestAPanicIsAFailureOfOurs(t *testing.T) {
	t.Parallel()
	cause := errors.New("refused")
	for _, tc := range []struct {
		fn   func() error
		want string // of the panic; "": none
	}{
		{func() error { panic("x") }, "panic: x"},
		{func() error { panic(cause) }, "panic: refused"},
		{func() error { return cause }, ""},
		{func() error { return nil }, ""},
	} {
		err := fault.Guard(tc.fn)
		p, panicked := errors.AsType[*fault.PanicError](err)
		if panicked != (tc.want != "") || panicked && (p.Error() != tc.want || !strings.Contains(p.Stack, "fault_test.go")) {
			t.Errorf("Guard() = %v, want %q", err, tc.want)
		}
		if panicked && fault.From(err).Kind != fault.Internal {
			t.Errorf("%v is told of as %v", err, fault.From(err))
		}
	}
	if err := fault.Guard(func() error { return cause }); !errors.Is(err, cause) {
		t.Errorf("Guard() = %v, want what was returned", err)
	}
}
