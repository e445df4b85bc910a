package password_test

import (
	"math"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/password"
)

func TestEasilyGuessedPasswordsAreRefused(t *testing.T) {
	t.Parallel()
	own := []string{"alice@acme.example", "Alice", "O'Neil", "Acme Rockets"}
	for _, weak := range []string{
		"password", "Passw0rd!", "P4$$w0rd1234", "drowssap1", "qwertyuiop", "1qaz2wsx3edc", "!QAZ2wsx", "qwertz12345", "yxcvbnm,",
		"12345678", "87654321", "abcdefgh1", "aaaaaaaaaaaa", "abcabcabcabc", "24.12.1987", "19871224", "iloveyou1", "Sommer2024!", "Winter2025!",
		"Passwort123", "alice1987", "Alice-1987-Acme", "acmerockets", "rockets2026!", strings.Repeat("password", 100),
	} {
		if err := password.Judge(weak, own...); !fault.Is(err, "password_weak") {
			t.Errorf("Judge(%q) = %v, want password_weak", weak, err)
		}
	}
	for _, strong := range []string{
		"correct horse battery staple", "kJ8#mq2Lx9", "kJ8#mq2L", "Tr0ub4dour&3", "eheuczkqyq", "тест пароль один", "パスワードではない言葉", "alice kJ8#mq2L acme",
		strings.Repeat("x7", 1) + "Vq!mZp0w", strings.Repeat("kJ8#mq2Lx9 correct horse ", 40),
	} {
		if err := password.Judge(strong, own...); err != nil {
			t.Errorf("Judge(%q) = %v", strong, err)
		}
	}
	for p, code := range map[string]string{
		"":                        "password_length",
		"kJ8#mq2":                 "password_short",
		"日本語日本語日":                 "password_short", // characters, not octets
		strings.Repeat("x", 1025): "password_length",
	} {
		if err := password.Judge(p); !fault.Is(err, code) {
			t.Errorf("Judge(%q) = %v, want %s", p, err, code)
		}
	}
}

// The estimates are those of zxcvbn, within what its figures are worth. The
// wanted ones are those of its port github.com/trustelem/zxcvbn, as orders of
// magnitude.
func TestEstimatesAreThoseOfZXCVBN(t *testing.T) {
	t.Parallel()
	for p, want := range map[string]float64{
		"password1": 2.3, "Passw0rd!": 4.0, "qwertyuiop": 1.4, "correct horse battery staple": 20.3, "kJ8#mq2Lx9": 10, "iloveyou1": 3.7, "12345678": 0.6,
		"aaaaaaaaaaaaaaaaaaaa": 2.4, strings.Repeat("12345678", 9): 1.6, strings.Repeat("1.1.90", 12): 5.8, "тест пароль один": 16,
	} {
		if got := math.Log10(password.Guesses(p)); math.Abs(got-want) > 1.2 {
			t.Errorf("Guesses(%q) = 10^%.1f, want about 10^%.1f", p, got, want)
		}
	}
}

// What could be anything at every character is the dearest to judge. The work
// is bounded by what is looked at; zxcvbn's ports need minutes without a bound.
func TestTheWorstPasswordIsJudgedInBoundedWork(t *testing.T) {
	for _, p := range []string{strings.Repeat("4@8({[<3690!1|170$5+7%2", 44), strings.Repeat("1", 1024), strings.Repeat("1.1.90", 170), strings.Repeat("ab", 512)} {
		if allocs := testing.AllocsPerRun(1, func() { password.Guesses(p, "alice", "acme") }); allocs > 20_000 {
			t.Errorf("Guesses(%.10q…) allocates %v times", p, allocs)
		}
	}
}

// Any text, also what is no UTF-8, gets an estimate of one guess or more.
func FuzzGuesses(f *testing.F) {
	for _, p := range []string{"Passw0rd!", "24.12.1987", "\xff\xfe", "ẞß", "aaa", "qwe", "4@8({[<369"} {
		f.Add(p, "alice")
	}
	f.Fuzz(func(t *testing.T, p, own string) {
		if got := password.Guesses(p, own); !(got >= 1) {
			t.Errorf("Guesses(%q) = %v", p, got)
		}
	})
}
