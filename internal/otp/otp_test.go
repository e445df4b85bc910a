package otp_test

import (
	"errors"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/otp"
)

// The last six digits of the codes of [RFC 6238 Appendix B].
func TestCodesOfTheStandard(t *testing.T) {
	t.Parallel()
	s := otp.Secret("12345678901234567890")
	for unix, want := range map[int64]string{
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130",
	} {
		now := time.Unix(unix, 0)
		if got, err := s.Code(otp.Step(now)); err != nil || got != want {
			t.Errorf("at %d: Code() = %s, %v, want %s", unix, got, err, want)
		}
		if step, ok := s.Match(want, 0, now); !ok || step != otp.Step(now) {
			t.Errorf("at %d: Match() = %d, %v, want step %d", unix, step, ok, otp.Step(now))
		}
	}
}

func TestACodeMatchesAStepBesideAndNoFurther(t *testing.T) {
	t.Parallel()
	s := otp.NewSecret()
	now := time.Unix(1_800_000_000, 0)
	code := func(step int64) string {
		c, err := s.Code(step)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	here := otp.Step(now)
	for away, want := range map[int64]bool{-2: false, -1: true, 0: true, 1: true, 2: false} {
		step, ok := s.Match(code(here+away), 0, now)
		// By chance a code of another step can be one of these.
		if ok != want && code(here+away) != code(here-1) && code(here+away) != code(here) && code(here+away) != code(here+1) {
			t.Errorf("%d steps away: Match() = %v, want %v", away, ok, want)
		}
		if want && step != here+away {
			t.Errorf("%d steps away: step %d, want %d", away, step, here+away)
		}
	}
	// What was used is used, and what came before it too.
	for used, want := range map[int64]bool{here - 1: true, here: false, here + 1: false} {
		if _, ok := s.Match(code(here), used, now); ok != want {
			t.Errorf("used up to %d, here is %d: Match() = %v, want %v", used, here, ok, want)
		}
		if got := s.Used(code(here), used, now); got == want {
			t.Errorf("used up to %d, here is %d: Used() = %v", used, here, got)
		}
	}
	for _, wrong := range []string{"", "1", "1234567", "abcdef", "12345６", strings.Repeat("1", 1000)} {
		if _, ok := s.Match(wrong, 0, now); ok {
			t.Errorf("Match(%q) = true", wrong)
		}
		if s.Used(wrong, here, now) {
			t.Errorf("Used(%q) = true", wrong)
		}
	}
	spaced := code(here)[:3] + " " + code(here)[3:]
	if _, ok := s.Match(spaced, 0, now); !ok {
		t.Errorf("Match(%q) = false", spaced)
	}
	if _, ok := (otp.Secret{}).Match("328482", 0, now); ok {
		t.Error("a secret of nothing matches")
	}
}

func TestTheSecretIsWrittenAsAppsReadIt(t *testing.T) {
	t.Parallel()
	s := otp.Secret("12345678901234567890")
	if got, want := s.Text(), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ"; got != want {
		t.Errorf("Text() = %q, want %q", got, want)
	}
	uri := s.URI("Acme: Rockets & Co", "alice+x@acme.example")
	u, err := url.Parse(uri)
	if err != nil {
		t.Fatal(err)
	}
	if u.Scheme != "otpauth" || u.Host != "totp" || u.Path != "/Acme  Rockets & Co:alice+x@acme.example" {
		t.Errorf("URI() = %s", uri)
	}
	q := u.Query()
	if q.Get("secret") != "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" || q.Get("issuer") != "Acme  Rockets & Co" || strings.Contains(uri, "+Rockets") {
		t.Errorf("URI() = %s", uri)
	}
}

func TestSentCodesAreSixDigits(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 200 {
		code := otp.NewCode()
		if got, ok := otp.Clean(code); !ok || got != code {
			t.Fatalf("NewCode() = %q", code)
		}
		seen[code] = true
	}
	if len(seen) < 190 {
		t.Errorf("200 codes are %d different ones", len(seen))
	}
}

func TestRecoveryCodesAreReadAsTheyAreTyped(t *testing.T) {
	t.Parallel()
	code := otp.NewRecoveryCode()
	if !regexp.MustCompile(`^([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}$`).MatchString(code) || code == otp.NewRecoveryCode() {
		t.Fatalf("NewRecoveryCode() = %q", code)
	}
	want, err := otp.RecoveryHash(code)
	if err != nil {
		t.Fatal(err)
	}
	for _, typed := range []string{
		strings.ToLower(code), strings.ReplaceAll(code, "-", ""), " " + strings.ReplaceAll(code, "-", " ") + " ",
		strings.NewReplacer("0", "O", "1", "l").Replace(code), strings.NewReplacer("0", "o", "1", "I").Replace(code),
	} {
		if got, err := otp.RecoveryHash(typed); err != nil || got != want {
			t.Errorf("RecoveryHash(%q) is another one than of %q (%v)", typed, code, err)
		}
	}
	for _, wrong := range []string{"", code[1:], code + "0", "U" + code[1:], strings.Repeat("A", 4000), "１234-5678-9ABC-DEFG"} {
		if _, err := otp.RecoveryHash(wrong); !errors.Is(err, otp.ErrNotRecovery) {
			t.Errorf("RecoveryHash(%q) = %v, want ErrNotRecovery", wrong, err)
		}
	}
}

func TestTheQRCodeIsOnePath(t *testing.T) {
	t.Parallel()
	p, err := otp.Draw(otp.Secret("12345678901234567890").URI("Sallyport", "alice@acme.example"))
	if err != nil {
		t.Fatal(err)
	}
	if p.Size < 29 || !regexp.MustCompile(`^(M\d+ \d+h\d+v1h-\d+z)+$`).MatchString(p.Path) {
		t.Errorf("Draw() = %d, %.80s", p.Size, p.Path)
	}
	// The finder in the corner: seven squares beside a white border of four.
	if !strings.HasPrefix(p.Path, "M4 4h7v1h-7z") {
		t.Errorf("the picture begins %.40s", p.Path)
	}
	if _, err := otp.Draw(strings.Repeat("x", 10_000)); err == nil {
		t.Error("Draw() of what no QR code can hold succeeds")
	}
}

// Whatever is typed is a code in one form, or none.
func FuzzClean(f *testing.F) {
	f.Add("123 456")
	f.Add("ABCD-EFGH-0123-4567")
	f.Fuzz(func(t *testing.T, typed string) {
		if code, ok := otp.Clean(typed); ok && !regexp.MustCompile(`^[0-9]{6}$`).MatchString(code) {
			t.Errorf("Clean(%q) = %q", typed, code)
		}
		if _, err := otp.RecoveryHash(typed); err != nil && !errors.Is(err, otp.ErrNotRecovery) {
			t.Errorf("RecoveryHash(%q) = %v", typed, err)
		}
	})
}
