package setup

import (
	"crypto/sha256"
	"encoding/hex"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// What may become of a thing. Keys of connections are made, and are neither
// created nor changed by a file.
const (
	Created = "created"
	Changed = "changed"
	Deleted = "deleted"
	Made    = "made"
)

// Change is one thing that was changed, or would be.
type Change struct {
	What   string // organization, domain, connection, user, membership, app, …
	Name   string
	Did    string // [Created], [Changed], [Deleted] or [Made]
	Fields []Field
}

// Field is a setting before and after a change. Of secrets it says whether
// there is one.
type Field struct {
	Key           string // as in the file: policy.sso
	Before, After string
}

// String returns the change as a line.
func (c Change) String() string {
	s := c.What + " " + c.Name + ": " + c.Did
	if c.Did != Changed {
		return s
	}
	var keys []string
	for _, f := range c.Fields {
		keys = append(keys, f.Key)
	}
	return strings.TrimRight(s+" "+strings.Join(keys, ", "), " ")
}

// equal reports whether two changes say the same, before and after.
func (c Change) equal(other Change) bool {
	return c.What == other.What && c.Name == other.Name && c.Did == other.Did && slices.Equal(c.Fields, other.Fields)
}

// Details returns the fields, a line for each.
func (c Change) Details() []string {
	var lines []string
	for _, f := range c.Fields {
		line := f.Key + ": " + quoted(f.After)
		if c.Did == Changed {
			line = f.Key + ": " + quoted(f.Before) + " → " + quoted(f.After)
		}
		lines = append(lines, line)
	}
	return lines
}

func quoted(s string) string {
	if s == "" {
		return `""`
	}
	return s
}

// leaf is a setting of a thing, flat.
type leaf struct {
	key, text string
	secret    bool
}

// difference lists what a file says otherwise of a thing than it is. What is
// new has no before: then it lists what is not empty.
func difference[T any](before *T, after T) []Field {
	var was, is []leaf
	if before != nil {
		leaves(&was, "", reflect.ValueOf(*before), "")
	}
	leaves(&is, "", reflect.ValueOf(after), "")
	old := map[string]leaf{}
	for _, l := range was {
		old[l.key] = l
	}
	var out []Field
	for _, l := range is {
		if old[l.key].text == l.text || before == nil && slices.Contains([]string{"", "false", "[]"}, l.text) {
			continue
		}
		f := Field{Key: l.key, Before: old[l.key].text, After: l.text}
		if l.secret {
			f.Before, f.After = veiled(f.Before), veiled(f.After)
			if f.Before != "" && f.After != "" {
				f.After = "another"
			}
		}
		out = append(out, f)
	}
	return out
}

func veiled(secret string) string {
	if secret == "" {
		return ""
	}
	return "set"
}

// leaves flattens a thing. Lists are one setting each.
func leaves(out *[]leaf, key string, v reflect.Value, tag string) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			leaves(out, key, v.Elem(), tag)
		}
	case reflect.Struct:
		if key != "" {
			key += "."
		}
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if name := f.Tag.Get("yaml"); name != "" && name != "key" {
				leaves(out, key+name, v.Field(i), f.Tag.Get("plan"))
			}
		}
	case reflect.Slice:
		if !v.IsNil() {
			*out = append(*out, leaf{key: key, text: inLine(v), secret: tag == "secret"})
		}
	case reflect.Bool:
		text := "false"
		if v.Bool() {
			text = "true"
		}
		*out = append(*out, leaf{key: key, text: text})
	default:
		*out = append(*out, leaf{key: key, text: short(v.String()), secret: tag == "secret"})
	}
}

// inLine writes a list in one line.
func inLine(v reflect.Value) string {
	n := encode(v)
	var flow func(n *yaml.Node)
	flow = func(n *yaml.Node) {
		n.Style = yaml.FlowStyle
		if n.Kind == yaml.ScalarNode {
			n.Style, n.Value = 0, short(n.Value)
		}
		for _, below := range n.Content {
			flow(below)
		}
	}
	flow(n)
	text, err := yaml.Marshal(n)
	if err != nil {
		panic("setup: " + err.Error()) // texts and truths are always written
	}
	return strings.TrimSpace(string(text))
}

// longest is how much of a text is shown.
const longest = 120

// short cuts a long text, such as a certificate, and adds by what it is told
// from another one.
func short(s string) string {
	if len(s) <= longest {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	return strings.ToValidUTF8(s[:24], "") + "… (" + hex.EncodeToString(sum[:8]) + ")"
}
