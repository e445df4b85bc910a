package idp

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// texts calls f for every text below v, with the way to it.
func texts(v reflect.Value, at string, f func(at string, t Text)) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			texts(v.Elem(), at, f)
		}
	case reflect.Struct:
		if t, ok := v.Interface().(Text); ok {
			f(at, t)
			return
		}
		for i := range v.NumField() {
			if field := v.Type().Field(i); field.IsExported() {
				texts(v.Field(i), at+"."+field.Name, f)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			texts(v.Index(i), at, f)
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			texts(v.MapIndex(k), at+"."+k.String(), f)
		}
	}
}

func everyText(f func(at string, t Text)) {
	a := catalogue()
	for _, v := range a.vendors {
		texts(reflect.ValueOf(v), string(v.ID), f)
	}
	for _, e := range a.entries {
		texts(reflect.ValueOf(e), e.ID, f)
	}
	for code, c := range a.codes {
		texts(reflect.ValueOf(c), code, f)
	}
	for _, p := range a.problems {
		texts(reflect.ValueOf(p), string(p.ID), f)
	}
	texts(reflect.ValueOf(a.stages), "stages", f)
	texts(reflect.ValueOf(a.places), "places", f)
	texts(reflect.ValueOf(a.clicks), "clicks", f)
}

// Somebody who reads German is told as much as somebody who reads English: the
// same labels of the console, the same values of ours.
func TestEveryTextSaysTheSameInBothLanguages(t *testing.T) {
	t.Parallel()
	marked := regexp.MustCompile("\\*\\*[^*]+\\*\\*|`[^`]+`|\\{[a-z_:]+\\}")
	count := 0
	everyText(func(at string, x Text) {
		if x.IsZero() {
			return
		}
		count++
		if x.English == "" || x.German == "" {
			t.Errorf("%s: only in one language: %q", at, x)
			return
		}
		english, german := marked.FindAllString(x.English, -1), marked.FindAllString(x.German, -1)
		slices.Sort(english)
		slices.Sort(german)
		if !slices.Equal(english, german) {
			t.Errorf("%s: marked in English %q, in German %q", at, english, german)
		}
		for _, s := range []string{x.English, x.German} {
			for _, span := range Spans(s, nil) {
				if span.Kind == Plain && strings.ContainsAny(span.Text, "*`") {
					t.Errorf("%s: an open mark in %q", at, s)
				}
			}
		}
	})
	if count < 500 {
		t.Errorf("found only %d texts: the search is broken", count)
	}
}

// A text is there where one is expected.
func TestEveryExplanationIsWhole(t *testing.T) {
	t.Parallel()
	a := catalogue()
	for _, e := range a.entries {
		if e.Title.IsZero() || e.Cause.IsZero() || e.Remedy.IsZero() {
			t.Errorf("error %s lacks title, cause or remedy", e.ID)
		}
		if len(e.Codes)+len(e.Phrases)+len(e.Events) == 0 && e.fallback == nil {
			t.Errorf("error %s cannot be found", e.ID)
		}
		if e.Place != "" && a.places[e.Place].IsZero() {
			t.Errorf("error %s is mended at %q, which is no place", e.ID, e.Place)
		}
		for _, code := range e.Faults {
			if _, ok := a.codes[code]; !ok {
				t.Errorf("error %s names the code %s, which is not explained", e.ID, code)
			}
		}
	}
	for code, c := range a.codes {
		if c.Title.IsZero() || c.Remedy.IsZero() {
			t.Errorf("code %s lacks title or remedy", code)
		}
		if c.Place != "" && a.places[c.Place].IsZero() {
			t.Errorf("code %s is mended at %q, which is no place", code, c.Place)
		}
	}
	for _, p := range a.problems {
		if p.Title.IsZero() || p.Cause.IsZero() || p.Remedy.IsZero() || p.Side == 0 {
			t.Errorf("problem %s lacks title, cause, remedy or side", p.ID)
		}
		if len(p.Faults)+len(p.Errors) == 0 {
			t.Errorf("problem %s shows by nothing", p.ID)
		}
		for _, code := range p.Faults {
			if _, ok := a.codes[code]; !ok {
				t.Errorf("problem %s names the code %s, which is not explained", p.ID, code)
			}
		}
	}
}

// What is explained is what exists.
func TestExplainedCodesAreOurs(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "errors.md"))
	if err != nil {
		t.Fatal(err)
	}
	for code := range catalogue().codes {
		if !strings.Contains(string(page), "`"+code+"`") {
			t.Errorf("%s is explained, and docs/errors.md does not have it", code)
		}
	}
	// What a response is refused for has something to do with who sent it.
	for _, m := range regexp.MustCompile("`((?:(?:saml|sig|enc|xml|bind)_[a-z0-9_]+|id_[a-z0-9]+))`").FindAllStringSubmatch(string(page), -1) {
		if _, ok := ForCode(Generic, m[1]); !ok {
			t.Errorf("no explanation for %s", m[1])
		}
	}
}

// An administrator who follows a guide finds each field by its label, and
// leaves nothing out that we need.
func TestEveryGuideIsWhole(t *testing.T) {
	t.Parallel()
	a := catalogue()
	for _, v := range a.vendors {
		t.Run(string(v.ID), func(t *testing.T) {
			t.Parallel()
			check(t, v, a)
		})
	}
}

func check(t *testing.T, v *Vendor, a *all) {
	t.Helper()
	given, taken, shown := map[Value]bool{}, map[Thing]bool{}, map[Stage]bool{}
	note := func(text Text) {
		for _, span := range Spans(text.English, nil) {
			given[span.Value] = true
		}
	}
	for _, s := range v.Steps {
		clicks(t, s.Path)
		if s.Stage.Title().IsZero() {
			t.Errorf("a step is of the stage %q, which is none", s.Stage)
		}
		shown[s.Stage] = true
		note(s.Text)
		for _, c := range s.Copy {
			if strings.TrimSpace(c.Text) == "" || c.Title.IsZero() {
				t.Errorf("%s: a text to copy without text or title", s.Stage)
			}
			for _, value := range values() {
				given[value] = given[value] || strings.Contains(c.Text, "{"+string(value)+"}")
			}
		}
		for _, r := range s.Rows {
			kinds := 0
			for _, filled := range []bool{r.Value != "", r.Choice != "", r.Tick, r.Take != ""} {
				if filled {
					kinds++
				}
			}
			if r.Label == "" || kinds != 1 {
				t.Errorf("%s: the row %q has %d of value, choice, tick and take", s.Stage, r.Label, kinds)
			}
			if r.Value != "" && !r.Value.known() {
				t.Errorf("%s: the row %q takes %q, which is no value of ours", s.Stage, r.Label, r.Value)
			}
			given[r.Value], taken[r.Take] = true, true
		}
	}
	imported := given[MetadataURL]
	if !given[ACSURL] && !imported || !given[SPEntityID] && !imported {
		t.Error("the guide does not say where the ACS URL and the entity ID go")
	}
	if !taken[TheirMetadataURL] && !taken[TheirMetadataFile] {
		t.Error("the guide does not say where the metadata are")
	}
	for _, stage := range []Stage{ToFetch, ToDescribe, ToAssign} {
		if !shown[stage] {
			t.Errorf("the guide has no step %q", stage)
		}
	}
	if v.Name == "" || v.Label(ACSURL) == "" || v.Label(SPEntityID) == "" {
		t.Error("no name or labels")
	}
	for place, path := range v.Places {
		clicks(t, path)
		if place.Title().IsZero() || len(path) == 0 {
			t.Errorf("the place %q with the path %q is none", place, path)
		}
	}
	if v.ID != Generic {
		for _, place := range []Place{AtValues, AtNameID, AtClaims, AtSigning, AtMetadata, AtAssignment} {
			if len(v.Places[place]) == 0 {
				t.Errorf("no way to the place %q", place)
			}
		}
		if len(v.Detect) == 0 {
			t.Error("it cannot be recognised")
		}
	}
	for code := range v.Hints {
		if _, ok := a.codes[code]; !ok {
			t.Errorf("a hint for %s, which is not explained", code)
		}
	}
	fields := map[Field]bool{}
	for _, c := range v.Claims {
		fields[c.Field] = true
		if c.Sent == "" || !slices.Contains([]Field{ForEmail, ForFirstName, ForLastName, ForUsername, ForGroups, ForSubject}, c.Field) {
			t.Errorf("the claim %q is for no field or sent under no name", c.Field)
		}
	}
	if !fields[ForEmail] || !fields[ForFirstName] || !fields[ForLastName] {
		t.Error("the table of attributes lacks address or names")
	}
	if !slices.Contains([]Signs{SignsAssertion, SignsResponse, SignsBoth, SignsEither, SignsUnknown}, v.Defaults.Signs) {
		t.Errorf("it signs %q", v.Defaults.Signs)
	}
	if !slices.Contains([]Rollover{Manual, Automatic, Conditional}, v.Keys.Rollover) {
		t.Errorf("its keys roll over %q", v.Keys.Rollover)
	}
	for _, answer := range []Answer{v.Support.IdPInitiated, v.Support.SLO, v.Support.SCIM} {
		if !slices.Contains([]Answer{Yes, No, Depends, Unknown}, answer) {
			t.Errorf("a feature is supported %q", answer)
		}
	}
}

// Nobody who reads German meets English that does not stand in the console.
func clicks(t *testing.T, path []Click) {
	t.Helper()
	for _, c := range path {
		switch {
		case strings.TrimSpace(string(c)) == "":
			t.Errorf("an empty click in %q", path)
		case strings.HasPrefix(string(c), "your ") || c.IsLabel() && strings.HasPrefix(string(c), "{") && strings.HasSuffix(string(c), "}"):
			t.Errorf("%q is no label", c)
		}
	}
}
