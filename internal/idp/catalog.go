package idp

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
)

//go:embed data
var files embed.FS

// all is everything there is to know, read.
type all struct {
	vendors  []*Vendor
	byID     map[ID]*Vendor
	stages   map[Stage]Text
	places   map[Place]Text
	clicks   map[Click]Text
	signs    []sign
	sources  map[ID][]source
	entries  []entry
	codes    map[string]codeEntry
	problems []problem
}

// catalogue reads the data when it is asked for first. They are part of the
// program: that they can be read is a matter of the tests.
var catalogue = sync.OnceValue(func() *all {
	a, err := read(files)
	if err != nil {
		panic("idp: " + err.Error())
	}
	return a
})

// All returns the vendors by name, [Generic] at the end. What they hold is not
// to be changed.
func All() []*Vendor { return slices.Clone(catalogue().vendors) }

// ByID returns a vendor, or [Generic] and false.
func ByID(id ID) (*Vendor, bool) {
	if v, ok := catalogue().byID[id]; ok {
		return v, true
	}
	return catalogue().byID[Generic], false
}

// IDs returns the IDs of all vendors, with commas between them.
func IDs() string {
	all := make([]string, len(All()))
	for i, v := range All() {
		all[i] = string(v.ID)
	}
	return strings.Join(all, ", ")
}

// Title returns what a stage is called.
func (s Stage) Title() Text { return catalogue().stages[s] }

// Title returns what a place is called where a vendor has no path to it.
func (p Place) Title() Text { return catalogue().places[p] }

func read(from fs.FS) (*all, error) {
	a := &all{byID: map[ID]*Vendor{}, codes: map[string]codeEntry{}, sources: map[ID][]source{}}
	names, err := fs.Glob(from, "data/vendors/*.yaml")
	if err != nil {
		return nil, fmt.Errorf("listing vendors: %w", err)
	}
	for _, name := range names {
		v := &Vendor{}
		if err := decode(from, name, v); err != nil {
			return nil, err
		}
		if want := strings.TrimSuffix(path.Base(name), ".yaml"); string(v.ID) != want {
			return nil, fmt.Errorf("reading %s: the ID is %q", name, v.ID)
		}
		a.byID[v.ID] = v
		a.vendors = append(a.vendors, v)
	}
	if a.byID[Generic] == nil {
		return nil, fmt.Errorf("reading vendors: no %s", Generic)
	}
	slices.SortFunc(a.vendors, func(x, y *Vendor) int {
		if g := generic(x) - generic(y); g != 0 {
			return g
		}
		return strings.Compare(strings.ToLower(x.Name), strings.ToLower(y.Name))
	})
	var words struct {
		Stages map[Stage]Text  `yaml:"stages"`
		Places map[Place]Text  `yaml:"places"`
		Clicks map[string]Text `yaml:"clicks"`
	}
	if err := decode(from, "data/words.yaml", &words); err != nil {
		return nil, err
	}
	a.stages, a.places, a.clicks = words.Stages, words.Places, map[Click]Text{}
	for own, text := range words.Clicks {
		a.clicks[Click("{"+own+"}")] = text
	}
	if err := a.compile(); err != nil {
		return nil, err
	}
	if err := a.readErrors(from); err != nil {
		return nil, err
	}
	if err := a.readCodes(from); err != nil {
		return nil, err
	}
	if err := a.readProblems(from); err != nil {
		return nil, err
	}
	return a, nil
}

func generic(v *Vendor) int {
	if v.ID == Generic {
		return 1
	}
	return 0
}

// decode reads a file strictly: a key that nobody knows is a mistake.
func decode(from fs.FS, name string, to any) error {
	src, err := fs.ReadFile(from, name)
	if err != nil {
		return fmt.Errorf("reading the catalogue: %w", err)
	}
	d := yaml.NewDecoder(bytes.NewReader(src))
	d.KnownFields(true)
	if err := d.Decode(to); err != nil {
		return fmt.Errorf("reading %s: %w", name, err)
	}
	return nil
}
