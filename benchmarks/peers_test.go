package main

import (
	"errors"
	"testing"
)

// A peer that verifies nothing would be fast. It is found out before anything is
// measured.
func TestOnlyWhoVerifiesIsMeasured(t *testing.T) {
	t.Parallel()
	w, err := newWorld()
	if err != nil {
		t.Fatal(err)
	}
	cases, err := messages(w)
	if err != nil {
		t.Fatal(err)
	}
	own := w.sallyport()
	for _, m := range cases {
		if err := isVerifying(own, m); err != nil {
			t.Errorf("%s: %v", m.name, err)
		}
		for name, careless := range map[string]local{
			"refuses everything": func(*message, string) error { return errors.New("no") },
			"accepts everything": func(*message, string) error { return nil },
			"looks at values alone": func(m *message, form string) error {
				if form == m.altered {
					return errors.New("no")
				}
				return nil
			},
			"looks at keys alone": func(m *message, form string) error {
				if form == m.stranger {
					return errors.New("no")
				}
				return nil
			},
		} {
			if isVerifying(careless, m) == nil {
				t.Errorf("%s: who %s passes", m.name, name)
			}
		}
	}
}

// Where nothing is installed, what is missing is named with the command that
// installs it, and the rest is measured.
func TestWhatIsMissingIsNamed(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	w, err := newWorld()
	if err != nil {
		t.Fatal(err)
	}
	cases, err := messages(w)
	if err != nil {
		t.Fatal(err)
	}
	started, absent, err := ready(w, cases, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if len(started) != 2 || len(absent) != 4 {
		t.Errorf("%d peers are there and %d are not, want 2 and 4", len(started), len(absent))
	}
	for _, p := range absent {
		if p.install == "" {
			t.Errorf("nothing is said of how to install %s", p.name)
		}
	}
}

// The worst form fields are read to their end, and refused.
func TestTheWorstIsRefused(t *testing.T) {
	t.Parallel()
	w, err := newWorld()
	if err != nil {
		t.Fatal(err)
	}
	inputs, err := hostiles(w)
	if err != nil {
		t.Fatal(err)
	}
	for _, in := range inputs {
		switch rule := in.judge(w.idp.Now); rule.Family() {
		case "":
			t.Errorf("%s: accepted", in.name)
		case "xml", "id", "bind":
			t.Errorf("%s: refused early, by %s", in.name, rule)
		}
	}
}
