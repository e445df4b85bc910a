package setup

import (
	"reflect"
	"testing"

	"github.com/sallyport/sallyport/internal/sso"
)

// settingsOf lists the settings of a thing of a file by their names, as
// [difference] has them.
func settingsOf(key string, t reflect.Type) []string {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return []string{key}
	}
	if key != "" {
		key += "."
	}
	var all []string
	for i := range t.NumField() {
		if name := t.Field(i).Tag.Get("yaml"); name != "" && name != "key" {
			all = append(all, settingsOf(key+name, t.Field(i).Type)...)
		}
	}
	return all
}

// What apply changes is told by the names of the file, and pages have a word for
// each.
func TestEverySettingOfAFileIsAFieldOfTheAuditList(t *testing.T) {
	t.Parallel()
	elsewhere := []string{ // read into others, or things with lines of their own
		"client_secret_file", "client_secret_files", "jwks_file", "brand.logo_file", "metadata", "metadata_file", "domains", "connections", "groups", "users", "webhooks", "access",
	}
	fields, n := sso.EventFields(), 0
	for _, name := range elsewhere {
		fields[name] = nil
	}
	for _, thing := range []any{Role{}, Organization{}, Webhook{}, Stream{}, Group{}, Domain{}, Connection{}, User{}, Access{}, App{}} {
		for _, name := range settingsOf("", reflect.TypeOf(thing)) {
			n++
			if _, ok := fields[sso.EventField(name)]; !ok {
				t.Errorf("%s of %T is no field of the audit list", name, thing)
			}
		}
	}
	if n < 100 {
		t.Fatalf("there are only %d settings: the search is broken", n)
	}
}
