package store

import (
	"database/sql"
	"encoding/json"
	"strings"

	"github.com/sallyport/sallyport/internal/sso"
)

// A sign-in that went well leaves some fifty lines, most of which say no more
// than that a rule was kept. They are the most of what is written about it, three
// times over, so they are written briefly: a JSON array in which a line that says
// nothing else is the name of its rule, behind a minus where it was passed over.

// Verdicts of the lines that are written briefly.
const (
	verdictPass = "pass"
	verdictSkip = "skip"
	skipped     = "-" // no rule is called so
)

// line is any other line. What was got is left out where it is what was wanted.
type line struct {
	Rule    string `json:"r,omitempty"`
	About   string `json:"a,omitempty"`
	Verdict string `json:"v,omitempty"` // "": pass
	Want    string `json:"w,omitempty"`
	Got     string `json:"g,omitempty"`
	Same    bool   `json:"s,omitempty"`

	// As lines were written before.
	sso.Check
}

// checksJSON is the lines of a trace as they are stored.
func checksJSON(all []sso.Check) string {
	var b strings.Builder
	b.Grow(2048)
	b.WriteByte('[')
	for i := range all {
		if i > 0 {
			b.WriteByte(',')
		}
		writeCheck(&b, &all[i])
	}
	b.WriteByte(']')
	return b.String()
}

func writeCheck(b *strings.Builder, c *sso.Check) {
	if bare := (sso.Check{Rule: c.Rule, Verdict: c.Verdict}); *c == bare && c.Rule != "" && !strings.HasPrefix(c.Rule, skipped) {
		switch c.Verdict {
		case verdictPass:
			writeString(b, c.Rule)
			return
		case verdictSkip:
			writeString(b, skipped+c.Rule)
			return
		}
	}
	between := byte('{')
	member := func(name, value string) {
		if value == "" {
			return
		}
		b.WriteByte(between)
		between = ','
		b.WriteString(name)
		writeString(b, value)
	}
	member(`"r":`, c.Rule)
	member(`"a":`, c.About)
	if c.Verdict != verdictPass {
		member(`"v":`, c.Verdict)
	}
	member(`"w":`, c.Want)
	if c.Got != "" && c.Got == c.Want {
		b.WriteString(`,"s":true`)
	} else {
		member(`"g":`, c.Got)
	}
	if between == '{' {
		b.WriteByte('{')
	}
	b.WriteByte('}')
}

// writeString writes a JSON string.
func writeString(b *strings.Builder, s string) {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			quoted, err := json.Marshal(s)
			if err != nil {
				panic("store: " + err.Error()) // a string always can be written
			}
			b.Write(quoted)
			return
		}
	}
	b.WriteByte('"')
	b.WriteString(s)
	b.WriteByte('"')
}

// checksOf is the lines of a trace as a destination.
func checksOf(to *[]sso.Check) sql.Scanner { return lines{to} }

type lines struct{ to *[]sso.Check }

// Scan reads lines, also as they were written before.
func (l lines) Scan(src any) error {
	text, err := textOf(src)
	if err != nil {
		return err
	}
	return l.decode(text)
}

func (l lines) decode(text string) error {
	all, err := parseChecks(text)
	*l.to = all
	return err
}

func parseChecks(text string) ([]sso.Check, error) {
	var stored []json.RawMessage
	if text == "" {
		return nil, nil
	}
	if err := json.Unmarshal([]byte(text), &stored); err != nil || len(stored) == 0 {
		return nil, err
	}
	all := make([]sso.Check, len(stored))
	for i, s := range stored {
		if err := parseCheck(s, &all[i]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func parseCheck(stored json.RawMessage, c *sso.Check) error {
	if stored[0] == '"' {
		if err := json.Unmarshal(stored, &c.Rule); err != nil {
			return err
		}
		c.Verdict = verdictPass
		if rule, ok := strings.CutPrefix(c.Rule, skipped); ok {
			c.Rule, c.Verdict = rule, verdictSkip
		}
		return nil
	}
	var l line
	if err := json.Unmarshal(stored, &l); err != nil {
		return err
	}
	if l.Check.Verdict != "" { // before
		*c = l.Check
		return nil
	}
	*c = sso.Check{Rule: l.Rule, About: l.About, Verdict: l.Verdict, Want: l.Want, Got: l.Got}
	if c.Verdict == "" {
		c.Verdict = verdictPass
	}
	if l.Same {
		c.Got = c.Want
	}
	return nil
}
