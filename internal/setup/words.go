package setup

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/sallyport/sallyport/internal/fault"
)

// What the YAML library says, in its own words and those of Go.
var (
	unknownField = regexp.MustCompile(`^(line \d+): field (.*) not found in type setup\.(\w+)$`)
	wrongKind    = regexp.MustCompile(`(?s)^(line \d+): cannot unmarshal !!(\w+)(?: .*)? into (\S+)$`)
)

// yamlFault says what is wrong with a file to somebody who has it open in an
// editor. Of several mistakes it names the first.
func yamlFault(err error) error {
	f := &fault.Error{Kind: fault.Invalid, Code: "apply_yaml", Want: "YAML", Fix: fault.OperatorSide}
	mistakes, ok := errors.AsType[*yaml.TypeError](err)
	if !ok || len(mistakes.Errors) == 0 {
		f.Got = oneLine(err.Error())
		return f
	}
	first := mistakes.Errors[0]
	if m := unknownField.FindStringSubmatch(first); m != nil {
		f.Want, f.Got = "one of "+strings.Join(keysOf(m[3]), ", "), fmt.Sprintf("%s: the key %s", m[1], oneLine(m[2]))
	} else if m := wrongKind.FindStringSubmatch(first); m != nil {
		f.Want, f.Got = wantedKind(m[3]), m[1]+": "+givenKind(m[2])
	} else {
		f.Got = oneLine(first)
	}
	if more := len(mistakes.Errors) - 1; more > 0 {
		f.Got += fmt.Sprintf(", and %d more", more)
	}
	return f
}

// keysOf lists the keys of a mapping of the file, by the name of its type.
func keysOf(name string) []string {
	var keys []string
	for _, t := range []reflect.Type{
		reflect.TypeFor[File](), reflect.TypeFor[Organization](), reflect.TypeFor[Domain](), reflect.TypeFor[Connection](), reflect.TypeFor[LegacyGrant](),
		reflect.TypeFor[Defaults](), reflect.TypeFor[AttributeMap](), reflect.TypeFor[Policy](), reflect.TypeFor[User](), reflect.TypeFor[App](),
	} {
		if t.Name() != name {
			continue
		}
		for i := range t.NumField() {
			keys = append(keys, t.Field(i).Tag.Get("yaml"))
		}
	}
	return keys
}

func wantedKind(goType string) string {
	switch {
	case strings.HasPrefix(goType, "[]"):
		return "a list"
	case goType == "bool":
		return "true or false"
	case goType == "string":
		return "a text"
	default:
		return "keys with values, as in key: value"
	}
}

func givenKind(tag string) string {
	switch tag {
	case "seq":
		return "a list"
	case "map":
		return "keys with values"
	case "bool":
		return "true or false"
	case "int", "float":
		return "a number"
	case "timestamp":
		return "a date"
	case "null":
		return "nothing"
	default:
		return "a text"
	}
}

// oneLine folds the text of a YAML error, which may come in several lines.
func oneLine(s string) string {
	return strings.Join(strings.Fields(strings.TrimPrefix(s, "yaml:")), " ")
}
