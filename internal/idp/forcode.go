package idp

import (
	"fmt"
	"io/fs"

	"github.com/sallyport/sallyport/internal/fault"
)

// A codeEntry explains a refusal of ours.
type codeEntry struct {
	Codes  []string `yaml:"codes"`
	Side   side     `yaml:"side"`
	Place  Place    `yaml:"place"`
	Title  Text     `yaml:"title"`
	Cause  Text     `yaml:"cause"`
	Remedy Text     `yaml:"remedy"`

	problems map[string][]ProblemID // by code
}

func (a *all) readCodes(from fs.FS) error {
	var file struct {
		Codes []codeEntry `yaml:"codes"`
	}
	if err := decode(from, "data/codes.yaml", &file); err != nil {
		return err
	}
	for _, c := range file.Codes {
		c.problems = map[string][]ProblemID{}
		for _, code := range c.Codes {
			if _, twice := a.codes[code]; twice {
				return fmt.Errorf("reading codes: %s twice", code)
			}
			a.codes[code] = c
		}
	}
	return nil
}

// ForCode explains a refusal of ours to the administrator of an identity
// provider: what it means, and the way in that vendor's console to what mends
// it. It reports false for codes that no identity provider and no setting of a
// connection has to do with. An unknown vendor is [Generic].
func ForCode(at ID, code string) (Explanation, bool) {
	c, ok := catalogue().codes[code]
	if !ok {
		return Explanation{}, false
	}
	v, _ := ByID(at)
	e := Explanation{
		ID: code, Vendor: v,
		Title: v.labelled(c.Title), Cause: v.labelled(c.Cause), Remedy: v.labelled(c.Remedy), Side: fault.Side(c.Side),
		Place: c.Place, Faults: []string{code}, Problems: c.problems[code],
	}
	if hint, has := v.Hints[code]; has {
		e.Hint, e.Copy = v.labelled(hint.Text), hint.Copy
		if hint.Place != "" {
			e.Place = hint.Place
		}
	}
	e.Path = v.Places[e.Place]
	return e, true
}
