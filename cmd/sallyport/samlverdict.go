package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/saml"
)

// A verdict is the result for one file, as --json prints it.
type verdict struct {
	File         string              `json:"file"`
	Accepted     bool                `json:"accepted"`
	Rule         saml.Rule           `json:"rule"`
	Want         string              `json:"want"`
	Got          string              `json:"got"`
	Path         string              `json:"path"`
	Offset       int                 `json:"offset"`
	Issuer       string              `json:"issuer"`
	NameID       nameID              `json:"name_id"`
	Attributes   map[string][]string `json:"attributes"`
	SessionIndex string              `json:"session_index"`
	Signed       []string            `json:"signed"`
	Checks       []check             `json:"checks"`

	signed saml.Signed
	checks []saml.Check
}

type nameID struct {
	Value  string `json:"value"`
	Format string `json:"format"`
}

type check struct {
	Rule    saml.Rule    `json:"rule"`
	Verdict saml.Verdict `json:"verdict"`
	Want    string       `json:"want"`
	Got     string       `json:"got"`
}

func accepted(a *saml.Assertion) verdict {
	v := verdict{
		Accepted: true, Issuer: a.Issuer, NameID: nameID{a.NameID.Value, a.NameID.Format},
		Attributes: map[string][]string{}, SessionIndex: a.SessionIndex,
		signed: a.Signed, checks: a.Checks,
	}
	for _, attribute := range a.Attributes {
		v.Attributes[attribute.Name] = append([]string{}, attribute.Values...)
	}
	return v
}

func refused(err error) verdict {
	r, ok := errors.AsType[*saml.Refusal](err)
	if !ok {
		r = &saml.Refusal{Rule: saml.XMLWellFormed, Got: err.Error()}
	}
	return verdict{Rule: r.Rule, Want: r.Want, Got: r.Got, Path: r.Path, Offset: r.Offset, checks: r.Checks}
}

func (v verdict) writeJSON(w io.Writer) error {
	if v.Attributes == nil {
		v.Attributes = map[string][]string{}
	}
	v.Signed = append([]string{}, v.signedElements()...)
	v.Checks = make([]check, 0, len(v.checks))
	for _, c := range v.checks {
		v.Checks = append(v.Checks, check{c.Rule, c.Verdict, c.Want, c.Got})
	}
	var line bytes.Buffer
	e := json.NewEncoder(&line)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err
	}
	_, err := w.Write(escapeJSON(line.Bytes()))
	return err
}

func (v verdict) signedElements() []string {
	var signed []string
	if v.signed.Response {
		signed = append(signed, "response")
	}
	if v.signed.Assertion {
		signed = append(signed, "assertion")
	}
	return signed
}

// writeText prints the verdict, what was accepted or what is wrong, and the
// list of checks.
func (v verdict) writeText(w io.Writer) error {
	if err := table(w, v.head()); err != nil {
		return err
	}
	if len(v.checks) == 0 {
		return nil
	}
	head := []string{"", "", "check", "wanted", "got"}
	if !v.Accepted {
		head = append(head, "whose side")
	}
	rows := [][]string{{"", ""}, head}
	return table(w, append(rows, v.rows()...))
}

// head returns what is to be said before the list.
func (v verdict) head() [][]string {
	var rows [][]string
	say := func(name, value string) {
		if value != "" {
			rows = append(rows, []string{"", name, value})
		}
	}
	if v.Accepted {
		rows = append(rows, []string{v.File + ": accepted"})
		say("signed", strings.Join(v.signedElements(), ", "))
		say("issuer", v.Issuer)
		say("name id", v.NameID.Value)
		return rows
	}
	rows = append(rows, []string{v.File + ": refused by " + string(v.Rule)})
	say("wanted", v.Want)
	say("got", v.Got)
	if v.Path != "" {
		say("where", fmt.Sprintf("%s (byte %d)", v.Path, v.Offset))
	}
	say("whose side", sides[v.Rule.Side()])
	return rows
}

// sides are the words of docs/errors.md for who can mend what was refused, and
// who that is here.
var sides = map[saml.Side]string{
	saml.IdPSide:    "idp: the identity provider",
	saml.AdminSide:  "admin: what was said here of the identity provider",
	saml.PersonSide: "person: whoever signs in, by beginning anew",
	saml.NoSide:     "nobody is known: look who stands in between",
}

// rows returns the list of checks. Neighbours of one family that passed and
// have nothing to show share a row.
func (v verdict) rows() [][]string {
	var rows [][]string
	for i := 0; i < len(v.checks); i++ {
		c := v.checks[i]
		name := string(c.Rule)
		if c.About != "" {
			name += " (" + c.About + ")"
		}
		end := i
		for end < len(v.checks) && silent(v.checks[end]) && v.checks[end].Rule.Family() == c.Rule.Family() {
			end++
		}
		if end > i+1 {
			name, i = fmt.Sprintf("%s.* (%d checks)", c.Rule.Family(), end-i), end-1
		}
		if c.Verdict == saml.Pass && c.Want == c.Got && c.Got != "" {
			c.Got = "the same"
		}
		row := []string{"", string(c.Verdict), name, c.Want, c.Got}
		if c.Verdict == saml.Fail {
			row = append(row, string(c.Rule.Side()))
		}
		rows = append(rows, row)
	}
	return rows
}

// silent reports whether there is nothing to say about a check but that it
// passed.
func silent(c saml.Check) bool {
	return c.Verdict == saml.Pass && c.Want == "" && c.Got == "" && c.About == ""
}

// table prints rows in columns.
func table(w io.Writer, rows [][]string) error {
	var widths []int
	for _, row := range rows {
		for i := range row {
			row[i] = printable(row[i])
			if i == len(widths) {
				widths = append(widths, 0)
			}
			if i < len(row)-1 {
				widths[i] = max(widths[i], utf8.RuneCountInString(row[i]))
			}
		}
	}
	for _, row := range rows {
		line := ""
		for i, cell := range row {
			line += fmt.Sprintf("%-*s  ", widths[i], cell)
		}
		if _, err := fmt.Fprintln(w, strings.TrimRight(line, " ")); err != nil {
			return err
		}
	}
	return nil
}

// printable keeps what came in a message from steering the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, s)
}
