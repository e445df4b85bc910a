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
