package sso

import (
	"cmp"
	"slices"
)

// Setting is one setting of a thing, as the audit list says it. What is secret
// is none.
type Setting struct{ Name, Value string }

// Settings are all settings of a thing.
type Settings []Setting

// Changed returns what is another value than before, by name. The settings of
// nothing are none: what is new is changed from nothing, what is deleted to it.
func (s Settings) Changed(before Settings) []Change {
	values := func(all Settings) map[string]string {
		m := map[string]string{}
		for _, setting := range all {
			m[setting.Name] = setting.Value
		}
		return m
	}
	from, to := values(before), values(s)
	var all []Change
	for name, value := range to {
		if from[name] != value {
			all = append(all, Change{Field: name, From: clipSetting(from[name]), To: clipSetting(value)})
		}
	}
	for name, value := range from {
		if _, ok := to[name]; !ok && value != "" {
			all = append(all, Change{Field: name, From: clipSetting(value)})
		}
	}
	slices.SortFunc(all, func(a, b Change) int { return cmp.Compare(a.Field, b.Field) })
	return all
}

// maxSetting is how much of a value the audit list keeps, in octets.
const maxSetting = 1000

func clipSetting(s string) string {
	if len(s) <= maxSetting {
		return s
	}
	return clipText(s, maxSetting) + "…"
}
