package setup

import (
	"bytes"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
)

// encode returns the node of what [decoder] reads. What is nil is left out.
func encode(v reflect.Value) *yaml.Node {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return encode(v.Elem())
	case reflect.Slice:
		if v.IsNil() {
			return nil
		}
		n := &yaml.Node{Kind: yaml.SequenceNode}
		for i := range v.Len() {
			n.Content = append(n.Content, encode(v.Index(i)))
		}
		if flat(v.Type().Elem()) || v.Len() == 0 {
			n.Style = yaml.FlowStyle
		}
		return n
	case reflect.Struct:
		return encodeStruct(v)
	case reflect.Bool:
		n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: "false"}
		if v.Bool() {
			n.Value = "true"
		}
		return n
	default:
		n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: v.String()}
		if v.String() == "" || strings.ContainsAny(v.String(), "\r\n\t\u0085") {
			n.Style = yaml.DoubleQuotedStyle
		}
		return n
	}
}

func encodeStruct(v reflect.Value) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode}
	if inline(v.Type()) {
		n.Style = yaml.FlowStyle
	}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		key := f.Tag.Get("yaml")
		if key == "" {
			continue
		}
		value := encode(v.Field(i))
		if value == nil || value.Kind == yaml.MappingNode && len(value.Content) == 0 {
			continue
		}
		n.Content = append(n.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: key}, value)
	}
	if e, ok := v.Interface().(Entitlement); ok && e.Plan == nil {
		return encode(reflect.ValueOf(e.Name))
	}
	return n
}

// flat reports whether items of a list are no things of their own.
func flat(t reflect.Type) bool {
	return t.Kind() == reflect.String || t == reflect.TypeFor[Entitlement]()
}

// inline reports whether a thing is written in one line.
func inline(t reflect.Type) bool {
	switch t {
	case reflect.TypeFor[File](), reflect.TypeFor[Organization](), reflect.TypeFor[Connection](), reflect.TypeFor[Defaults](), reflect.TypeFor[Mapping](),
		reflect.TypeFor[IdP](), reflect.TypeFor[Policy](), reflect.TypeFor[Brand](), reflect.TypeFor[App](), reflect.TypeFor[AppBrand]():
		return false
	}
	return true
}

// yamlItem writes a thing as an item of a list, so far to the right.
func yamlItem(thing any, indent int) ([]byte, error) {
	list := &yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{encode(reflect.ValueOf(thing))}}
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(list); err != nil {
		return nil, err
	}
	if err := e.Close(); err != nil {
		return nil, err
	}
	return indented(b.Bytes(), indent), nil
}

// indented moves lines to the right.
func indented(text []byte, by int) []byte {
	var out []byte
	for line := range bytes.Lines(text) {
		out = append(append(out, strings.Repeat(" ", by)...), line...)
	}
	return out
}
