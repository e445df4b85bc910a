package idp

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// A Value names something of ours that an identity provider has to know.
type Value string

// The values. In texts and templates they stand in braces, as in {acs_url};
// {label:acs_url} is what a vendor's console calls the field for it.
const (
	ACSURL      Value = "acs_url"         // where responses are posted
	ACSPattern  Value = "acs_pattern"     // a regular expression that the ACS URL alone matches
	SPEntityID  Value = "sp_entity_id"    // our entity ID
	LoginURL    Value = "login_url"       // where a sign-in by us starts
	RelayState  Value = "relay_state"     // where an unsolicited sign-in leads
	SLOURL      Value = "slo_url"         // where logout messages go
	MetadataURL Value = "sp_metadata_url" // our metadata
	Certificate Value = "sp_cert"         // our signing certificate
	ProductName Value = "name"            // what the product is called
)

// Names of fields that only some consoles have. They take values that stand
// above; in a vendor's labels they are keys of their own.
const (
	Recipient    Value = "recipient"     // takes the ACS URL
	Audience     Value = "audience"      // takes our entity ID
	NameID       Value = "nameid"        // the format of the NameID
	NameIDSource Value = "nameid_source" // what the NameID is made of
)

func values() []Value {
	return []Value{ACSURL, ACSPattern, SPEntityID, LoginURL, RelayState, SLOURL, MetadataURL, Certificate, ProductName}
}

func (v Value) known() bool { return slices.Contains(values(), v) }

// Values are ours for one connection.
type Values map[Value]string

// With returns the values with those that follow from others.
func (vs Values) With() Values {
	more := Values{}
	for v, s := range vs {
		more[v] = s
	}
	if acs := vs[ACSURL]; acs != "" && more[ACSPattern] == "" {
		more[ACSPattern] = "^" + strings.ReplaceAll(regexp.QuoteMeta(acs), "/", `\/`) + "$"
	}
	return more
}

// Fill writes the values into a text. A placeholder without a value, as those
// of vendors are, stays.
func (vs Values) Fill(text string) string { return vs.fill(text, func(s string) string { return s }) }

// fill writes the values as escape has them.
func (vs Values) fill(text string, escape func(string) string) string {
	if !strings.Contains(text, "{") {
		return text
	}
	var pairs []string
	for _, v := range values() {
		if s := vs[v]; s != "" {
			pairs = append(pairs, "{"+string(v)+"}", escape(s))
		}
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// A Language is that of a text to be copied, by which values in it are
// escaped.
type Language string

// The languages.
const (
	PlainText  Language = ""
	JSON       Language = "json"
	PowerShell Language = "powershell"
	XML        Language = "xml"
)

// A Copy is a text for the administrator to copy, with values of ours in it.
type Copy struct {
	Title    Text     `yaml:"title"`
	Language Language `yaml:"language"`
	Text     string   `yaml:"text"`
}

// Fill returns the text with our values in it, escaped so that they mean
// themselves between the quotes that stand there.
func (c Copy) Fill(vs Values) string {
	switch c.Language {
	case JSON:
		return vs.fill(c.Text, func(s string) string {
			quoted, err := json.Marshal(s)
			if err != nil {
				return "" // no string fails to be marshalled
			}
			return string(quoted[1 : len(quoted)-1])
		})
	case PowerShell:
		return vs.fill(c.Text, strings.NewReplacer("`", "``", `"`, "`\"", "“", "`“", "”", "`”", "„", "`„", "$", "`$").Replace)
	case XML:
		return vs.fill(c.Text, strings.NewReplacer("&", "&amp;", "<", "&lt;", `"`, "&quot;").Replace)
	}
	return vs.Fill(c.Text)
}
