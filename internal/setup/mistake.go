package setup

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/sallyport/sallyport/internal/fault"
)

// Mistake is something in a file that cannot be, and where it stands.
type Mistake struct {
	Line, Column int // from 1; 0: not known
	Err          error
}

// Error returns the place and the error: "12:5: organization acme: …".
func (m *Mistake) Error() string {
	switch {
	case m.Line == 0:
		return m.Err.Error()
	case m.Column == 0:
		return fmt.Sprintf("%d: %s", m.Line, m.Err)
	default:
		return fmt.Sprintf("%d:%d: %s", m.Line, m.Column, m.Err)
	}
}

// Unwrap returns the error.
func (m *Mistake) Unwrap() error { return m.Err }

// Mistakes are all that were found in a file, in its order. There is one at
// least.
type Mistakes []*Mistake

// Error returns a line for each.
func (m Mistakes) Error() string {
	lines := make([]string, len(m))
	for i := range m {
		lines[i] = m[i].Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the mistakes.
func (m Mistakes) Unwrap() []error {
	all := make([]error, len(m))
	for i := range m {
		all[i] = m[i]
	}
	return all
}

// yamlFault is the fault of a file that is not in the form of one.
func yamlFault(want, got string) error {
	return &fault.Error{Kind: fault.Invalid, Code: "apply_yaml", Want: want, Got: got, Fix: fault.OperatorSide}
}

var yamlLine = regexp.MustCompile(`^(?:yaml: )?line (\d+): (.*)$`)

// syntaxMistake says where a file is no YAML.
func syntaxMistake(err error) *Mistake {
	text := oneLine(err.Error())
	m := &Mistake{}
	if at := yamlLine.FindStringSubmatch(text); at != nil {
		m.Line, _ = strconv.Atoi(at[1]) // digits
		text = at[2]
	}
	m.Err = yamlFault("YAML", text)
	return m
}

// oneLine folds a text, which may come in several lines.
func oneLine(s string) string {
	return strings.Join(strings.Fields(strings.TrimPrefix(s, "yaml:")), " ")
}

// placed is an error with the thing of the file that it is about.
type placed struct {
	of   any    // address of the struct; nil: not known
	name string // of the thing, for people; "": it has been named
	err  error
}

func (p *placed) Error() string {
	if p.name == "" {
		return p.err.Error()
	}
	return p.name + ": " + p.err.Error()
}

func (p *placed) Unwrap() error { return p.err }

// at puts the name of a thing before an error, so that its reader finds it.
func at(name string, err error) error { return on(nil, name, err) }

// on is [at] for the thing of the file that has this address.
func on(of any, name string, err error) error {
	if err == nil {
		return nil
	}
	return &placed{of: of, name: name, err: err}
}

// in says under which key of its thing an error is: "policy.sso".
func in(key string, err error) error {
	if err == nil {
		return nil
	}
	return &inKey{key: key, err: err}
}

// inKey is an error with the key that it is about.
type inKey struct {
	key string
	err error
}

func (k *inKey) Error() string { return k.err.Error() }

func (k *inKey) Unwrap() error { return k.err }

// mistakes returns what an error says, each mistake with its place.
func (f *File) mistakes(err error) Mistakes {
	var all Mistakes
	f.collect(&all, err, "", nil)
	slices.SortStableFunc(all, func(a, b *Mistake) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	return all
}

func (f *File) collect(all *Mistakes, err error, names string, node *yaml.Node) {
	switch e := any(err).(type) { // the outermost, and no other
	case *Mistake:
		*all = append(*all, e)
	case *placed:
		if n := f.places[e.of]; e.of != nil && n != nil {
			node = n
		}
		if e.name != "" {
			names += strings.TrimSpace(e.name) + ": "
		}
		f.collect(all, e.err, names, node)
	case *inKey:
		f.collect(all, e.err, names, below(node, e.key))
	case interface{ Unwrap() []error }:
		for _, one := range e.Unwrap() {
			f.collect(all, one, names, node)
		}
	default:
		m := &Mistake{Err: fmt.Errorf("%s%w", names, err)}
		if node != nil {
			m.Line, m.Column = node.Line, node.Column
		}
		*all = append(*all, m)
	}
}

// below returns the value under a key of a node, such as "policy.sso" or
// "redirect_uris.2", as far as it is there.
func below(n *yaml.Node, path string) *yaml.Node {
	for key := range strings.SplitSeq(path, ".") {
		if n != nil && n.Kind == yaml.AliasNode {
			n = n.Alias
		}
		if n == nil {
			return nil
		}
		next := n
		switch n.Kind {
		case yaml.MappingNode:
			for i := 0; i+1 < len(n.Content); i += 2 {
				if n.Content[i].Value == key {
					next = n.Content[i+1]
				}
			}
		case yaml.SequenceNode:
			if i, err := strconv.Atoi(key); err == nil && i < len(n.Content) {
				next = n.Content[i]
			}
		}
		if next == n {
			return n
		}
		n = next
	}
	return n
}

// refusal reports whether an error is about the file, and not about the
// database or the network.
func refusal(err error) bool {
	f, ok := errors.AsType[*fault.Error](err)
	return ok && f.Kind != fault.Internal && f.Kind != fault.Unavailable
}
