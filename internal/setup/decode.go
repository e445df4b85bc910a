package setup

import (
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// valuesOf returns how many values a file of this length may come to have. Each
// takes an octet or more, unless the file names parts of itself again and again,
// by which a short one could mean very many.
func valuesOf(octets int) int { return 1000 + 4*octets }

// mergeTag marks the key <<.
const mergeTag = "!!merge"

// decoder fills the structs of a file from the nodes of its document. It finds
// all mistakes, and keeps where each struct came from.
type decoder struct {
	places map[any]*yaml.Node
	left   int // values that may still come
	wrong  Mistakes
}

func (d *decoder) mistake(n *yaml.Node, want, got string) {
	d.wrong = append(d.wrong, &Mistake{Line: n.Line, Column: n.Column, Err: yamlFault(want, got)})
}

// value reads a node into a struct, a list, a text or a truth. Nothing in the
// place of a value leaves it as it is.
func (d *decoder) value(n *yaml.Node, to reflect.Value) {
	if d.left--; d.left < 0 {
		if d.left == -1 {
			d.mistake(n, "fewer values", "more than are read")
		}
		return
	}
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if isNothing(n) {
		return
	}
	if to.Kind() == reflect.Pointer {
		to.Set(reflect.New(to.Type().Elem()))
		to = to.Elem()
	}
	switch to.Kind() {
	case reflect.Struct:
		d.places[to.Addr().Interface()] = n
		if name := to.FieldByName("Name"); to.Type() == reflect.TypeFor[Entitlement]() && n.Kind == yaml.ScalarNode {
			d.value(n, name)
			return
		}
		d.mapping(n, to)
	case reflect.Slice:
		if n.Kind != yaml.SequenceNode {
			d.mistake(n, "a list", kindOf(n))
			return
		}
		// Made at once: what is kept of where they stand goes by their addresses.
		to.Set(reflect.MakeSlice(to.Type(), len(n.Content), len(n.Content)))
		for i, item := range n.Content {
			if isNothing(item) {
				d.mistake(item, "a value behind each -, or no -", "nothing")
				continue
			}
			d.value(item, to.Index(i))
		}
	default:
		if n.Decode(to.Addr().Interface()) != nil {
			want := "a text"
			if to.Kind() == reflect.Bool {
				want = "true or false"
			}
			d.mistake(n, want, kindOf(n))
		}
	}
}

// isNothing reports whether somebody has written nothing, or null, where a value
// could be.
func isNothing(n *yaml.Node) bool {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null"
}

// mapping reads keys and values into the fields of a struct.
func (d *decoder) mapping(n *yaml.Node, to reflect.Value) {
	if n.Kind != yaml.MappingNode {
		d.mistake(n, "keys with values, as in key: value", kindOf(n))
		return
	}
	fields := map[string]reflect.Value{}
	for i := range to.NumField() {
		if key := to.Type().Field(i).Tag.Get("yaml"); key != "" {
			fields[key] = to.Field(i)
		}
	}
	given := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		field, known := fields[key.Value]
		switch {
		case key.ShortTag() == mergeTag:
			d.merged(value, n, to)
		case key.Kind != yaml.ScalarNode || !known:
			d.mistake(key, "one of "+strings.Join(keysOf(to.Type()), ", "), "the key "+oneLine(key.Value))
		case given[key.Value]:
			d.mistake(key, "each key once", key.Value+" a second time")
		default:
			given[key.Value] = true
			d.value(value, field)
		}
	}
}

// merged reads what the key << of a mapping stands for: the keys of another one,
// or of several, as far as the mapping has none of its own.
func (d *decoder) merged(value, into *yaml.Node, to reflect.Value) {
	if value.Kind == yaml.AliasNode {
		value = value.Alias
	}
	if value.Kind == yaml.SequenceNode {
		for _, one := range slices.Backward(value.Content) { // the first of them counts
			d.merged(one, into, to)
		}
		return
	}
	// A mapping that takes over itself by way of another one never ends.
	if d.left--; d.left < 0 {
		d.mistake(value, "a mapping that does not take over itself", "one that does, or very many")
		return
	}
	if value.Kind != yaml.MappingNode || value == into {
		d.mistake(value, "keys with values, as in key: value", kindOf(value))
		return
	}
	own := map[string]bool{}
	for i := 0; i+1 < len(into.Content); i += 2 {
		own[into.Content[i].Value] = into.Content[i].ShortTag() != mergeTag
	}
	rest := &yaml.Node{Kind: yaml.MappingNode, Line: value.Line, Column: value.Column}
	for i := 0; i+1 < len(value.Content); i += 2 {
		if key := value.Content[i].Value; !own[key] {
			rest.Content = append(rest.Content, value.Content[i], value.Content[i+1])
		}
	}
	d.mapping(rest, to)
}

// keysOf lists the keys of a struct, as its file has them.
func keysOf(t reflect.Type) []string {
	var keys []string
	for i := range t.NumField() {
		if key := t.Field(i).Tag.Get("yaml"); key != "" {
			keys = append(keys, key)
		}
	}
	return keys
}

// kindOf says in words what somebody has written.
func kindOf(n *yaml.Node) string {
	switch n.ShortTag() {
	case "!!seq":
		return "a list"
	case "!!map":
		return "keys with values"
	case "!!bool":
		return "true or false"
	case "!!int", "!!float":
		return "a number"
	case "!!timestamp":
		return "a date"
	default:
		return "a text"
	}
}
