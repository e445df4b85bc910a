package idp

import (
	"fmt"
	"io/fs"
	"slices"

	"github.com/sallyport/sallyport/internal/fault"
)

// A ProblemID names one of the recurring problems. It is stable.
type ProblemID string

// A problem is one that administrators meet again and again, whatever their
// identity provider.
type problem struct {
	ID     ProblemID `yaml:"id"`
	Side   side      `yaml:"side"`
	Place  Place     `yaml:"place"`
	Title  Text      `yaml:"title"`
	Cause  Text      `yaml:"cause"`
	Remedy Text      `yaml:"remedy"`

	Faults []string `yaml:"faults"` // codes of ours by which it shows
	Errors []string `yaml:"errors"` // entries of identity providers by which it does
}

func (a *all) readProblems(from fs.FS) error {
	var file struct {
		Problems []problem `yaml:"problems"`
	}
	if err := decode(from, "data/problems.yaml", &file); err != nil {
		return err
	}
	a.problems = file.Problems
	entries := map[string]*entry{}
	for i := range a.entries {
		if entries[a.entries[i].ID] != nil {
			return fmt.Errorf("reading errors: %s twice", a.entries[i].ID)
		}
		entries[a.entries[i].ID] = &a.entries[i]
	}
	for _, p := range a.problems {
		for _, code := range p.Faults {
			if c, ok := a.codes[code]; ok {
				c.problems[code] = append(c.problems[code], p.ID)
			}
		}
		for _, id := range p.Errors {
			e := entries[id]
			if e == nil {
				return fmt.Errorf("reading problems: %s names the error %s", p.ID, id)
			}
			e.problems = append(e.problems, p.ID)
		}
	}
	return nil
}

// Problems explains the recurring problems, in order, as they read at a vendor.
func Problems(at ID) []Explanation {
	var out []Explanation
	v, _ := ByID(at)
	for _, p := range catalogue().problems {
		out = append(out, p.explain(v))
	}
	return out
}

// ForProblem explains one of them, and reports false for one that is none.
func ForProblem(at ID, id ProblemID) (Explanation, bool) {
	i := slices.IndexFunc(catalogue().problems, func(p problem) bool { return p.ID == id })
	if i < 0 {
		return Explanation{}, false
	}
	v, _ := ByID(at)
	return catalogue().problems[i].explain(v), true
}

func (p *problem) explain(at *Vendor) Explanation {
	return Explanation{
		ID: string(p.ID), Vendor: at,
		Title: at.labelled(p.Title), Cause: at.labelled(p.Cause), Remedy: at.labelled(p.Remedy), Side: fault.Side(p.Side),
		Place: p.Place, Path: at.Places[p.Place], Faults: p.Faults, Problems: []ProblemID{p.ID},
	}
}
