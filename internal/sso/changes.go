package sso

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
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

// settingsIn returns the settings of a part that is stored as JSON, each by its
// name there, behind the name of the part. No part holds a secret.
func settingsIn(part string, v any) Settings {
	text, err := json.Marshal(v)
	var fields map[string]json.RawMessage
	if err != nil || json.Unmarshal(text, &fields) != nil {
		return nil
	}
	var all Settings
	for name, value := range fields {
		var s string
		if json.Unmarshal(value, &s) != nil {
			s = string(value)
		}
		all = append(all, Setting{part + "." + name, s})
	}
	return all
}

// Settings are what the audit list says of a policy.
func (p *Policy) Settings() Settings { return settingsIn("policy", p) }

// Settings are what the audit list says of an organization.
func (o *Organization) Settings() Settings {
	var granted []string
	for _, e := range o.Entitlements {
		granted = append(granted, string(e))
	}
	return append(Settings{
		{"key", o.Key}, {"name", o.Name}, {"parent", string(o.Parent())}, {"state", string(o.State)}, {"entitlements", strings.Join(granted, " ")},
		{"brand.accent", o.Brand.Accent}, {"brand.logo", o.Brand.Logo},
	}, o.Policy.Settings()...)
}

// Settings are what the audit list says of a connection. Certificates stand in
// it by their fingerprints.
func (c *Connection) Settings() Settings {
	saml := c.SAML
	saml.Certificates = nil
	var prints []string
	for _, der := range c.SAML.Certificates {
		sum := sha256.Sum256(der)
		prints = append(prints, hex.EncodeToString(sum[:]))
	}
	return slices.Concat(
		Settings{{"name", c.Name}, {"state", string(c.State)}, {"first_sign_in", string(c.FirstSignIn)}, {"certificates", strings.Join(prints, " ")}},
		settingsIn("saml", saml), settingsIn("defaults", c.Defaults), settingsIn("attributes", c.Attributes),
	)
}

// Settings are what the audit list says of a claim to a domain.
func (d *Domain) Settings() Settings {
	return Settings{
		{"state", string(d.State)}, {"proof", string(d.Proof)}, {"sso", strconv.FormatBool(!d.SSOOff)}, {"password", strconv.FormatBool(!d.PasswordOff)},
		{"connection", string(d.Connection)},
	}
}

// Settings are what the audit list says of a membership.
func (m *Membership) Settings() Settings {
	return Settings{{"role", string(m.Role)}, {"groups", strings.Join(slices.Sorted(slices.Values(m.Groups)), ", ")}}
}

// Settings are what the audit list says of an invitation.
func (i *Invitation) Settings() Settings {
	return Settings{{"email", i.Email.String()}, {"role", string(i.Role)}, {"groups", strings.Join(i.Groups, ", ")}, {"organizations", words(i.Organizations)}}
}

// Settings are what the audit list says of a group.
func (g *Group) Settings() Settings {
	return Settings{{"name", g.Name}, {"description", g.Description}}
}

// Settings are what the audit list says of a role.
func (d *RoleDefinition) Settings() Settings {
	return Settings{{"name", d.Name}, {"description", d.Description}}
}

// Settings are what the audit list says of a second factor or a passkey.
func (f *Factor) Settings() Settings { return Settings{{"kind", string(f.Kind)}, {"name", f.Name}} }

// Settings are what the audit list says of an API key.
func (k *APIKey) Settings() Settings {
	s := Settings{{"name", k.Name}, {"scopes", words(k.Scopes)}}
	if !k.ExpiresAt.IsZero() {
		s = append(s, Setting{"until", k.ExpiresAt.UTC().Format(time.RFC3339)})
	}
	return s
}

// Settings are what the audit list says of a setup link.
func (l *SetupLink) Settings() Settings {
	return Settings{{"scope", string(l.Scope)}, {"note", l.Note}, {"until", l.ExpiresAt.UTC().Format(time.RFC3339)}}
}

// Settings are what the audit list says of a person.
func (u *User) Settings() Settings {
	password := ""
	if u.PasswordHash != "" {
		password = "set"
	}
	return Settings{
		{"username", u.Username}, {"email", u.Email.String()}, {"first_name", u.FirstName}, {"last_name", u.LastName}, {"state", string(u.State)}, {"language", u.Language},
		{"password", password},
	}
}

// maxSetting is how much of a value the audit list keeps, in octets.
const maxSetting = 1000

func clipSetting(s string) string {
	if len(s) <= maxSetting {
		return s
	}
	return clipText(s, maxSetting) + "…"
}
