package ui

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sallyport/sallyport/internal/fault"
)

func TestOnlyTextsOfTheCatalogAreSaidToBeSaved(t *testing.T) {
	t.Parallel()
	v := voices(t)[0]
	v.fixed = map[string]string{"saved_done": "Done", "cancel": "Cancel"}
	for value, want := range map[string]string{
		"done":             "Done",
		"":                 "",
		"done.3":           "", // no text that depends on a number
		"cancel":           "",
		"../cancel":        "",
		"ago_minutes.3":    "",
		"You are hacked":   "",
		"done.-1":          "",
		"done.99999999999": "",
	} {
		if got := v.saved(value); got != want {
			t.Errorf("saved(%q) = %q, want %q", value, got, want)
		}
	}
}

func TestSavedKeepsThePath(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ got, want string }{
		{Saved("/console", "person_invited"), "/console?saved=person_invited"},
		{Saved("/console?q=a%26b#row", "x"), "/console?q=a%26b&saved=x#row"},
		{SavedCount("/console", "imported", 12), "/console?saved=imported.12"},
	} {
		if tc.got != tc.want {
			t.Errorf("%s, want %s", tc.got, tc.want)
		}
	}
}

func TestAListKeepsItsStateInTheURL(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/console/people?q=a%26b&state=new&after=x&before=y&saved=z&sort=name", nil)
	for _, tc := range []struct{ got, want string }{
		{Again(r), "/console/people?q=a%26b&sort=name&state=new"},
		{Again(r, "state", "", "role", "owner"), "/console/people?q=a%26b&role=owner&sort=name"},
		{Again(r, "after", "c"), "/console/people?after=c&q=a%26b&sort=name&state=new"},
	} {
		if tc.got != tc.want {
			t.Errorf("%s, want %s", tc.got, tc.want)
		}
	}
}

func TestAColumnIsSortedTheOtherWayNext(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		query string
		first Order
		want  Column
	}{
		{"", Ascending, Column{Sort: "/l?sort=seen"}},
		{"", Descending, Column{Sort: "/l?order=desc&sort=seen"}},
		{"?sort=name&order=desc", Ascending, Column{Sort: "/l?sort=seen"}},
		{"?sort=seen", Descending, Column{Sort: "/l?order=desc&sort=seen", Sorted: Ascending}},
		{"?sort=seen&order=desc", Descending, Column{Sort: "/l?sort=seen", Sorted: Descending}},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/l"+tc.query, nil)
		if got := SortedBy(r, Column{}, "seen", tc.first); got.Sort != tc.want.Sort || got.Sorted != tc.want.Sorted {
			t.Errorf("%s: %+v, want %+v", tc.query, got, tc.want)
		}
	}
}

func TestEveryFaultIsToldBesideItsField(t *testing.T) {
	t.Parallel()
	fields := map[string]string{"ident_email": "email", "username_form": "username"}
	email, username := &fault.Error{Code: "ident_email"}, &fault.Error{Code: "username_form"}
	for name, tc := range map[string]struct {
		err  error
		want map[string]string
	}{
		"one":              {email, map[string]string{"email": "ident_email"}},
		"wrapped":          {fmt.Errorf("inviting: %w", email), map[string]string{"email": "ident_email"}},
		"two":              {errors.Join(email, username), map[string]string{"email": "ident_email", "username": "username_form"}},
		"one of no field":  {errors.Join(email, &fault.Error{Code: "conflict"}), nil},
		"one that is ours": {errors.New("reading"), nil},
		"none":             {nil, nil},
	} {
		typed := Filled{Values: url.Values{"email": {"x"}}}
		got, ok := typed.Beside(tc.err, fields)
		if ok != (tc.want != nil) || ok && !cmp.Equal(got.Problems, tc.want) || got.Values.Get("email") != "x" {
			t.Errorf("%s: %v %t, want %v", name, got, ok, tc.want)
		}
	}
}

func TestAFormThatComesBackKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	fresh, back := Filled{}, Filled{
		Values:   url.Values{"name": {"Ada"}, "role": {""}, "groups": {"a", "b"}, "password": {"secret"}, "empty": {""}},
		Problems: map[string]string{"name": "code"},
	}
	if got := fresh.Input(Input{Name: "name", Value: "Bob"}); got.Value != "Bob" || got.Problem != "" {
		t.Errorf("a form that nobody filled in shows %+v", got)
	}
	if got := back.Input(Input{Name: "name", Value: "Bob"}); got.Value != "Ada" || got.Problem != "code" {
		t.Errorf("a form that came back shows %+v", got)
	}
	if got := back.Input(Input{Name: "empty", Value: "Bob"}); got.Value != "" {
		t.Errorf("what was emptied comes back as %q", got.Value)
	}
	if got := back.Input(Input{Name: "password", Type: "password"}); got.Value != "" {
		t.Error("a password is shown again")
	}
	if got := back.Select(Select{Name: "role", Value: "owner"}); got.Value != "" {
		t.Errorf("the choice of nothing comes back as %q", got.Value)
	}
	if got := back.Choices(Choices{Name: "groups", Values: []string{"c"}}); !cmp.Equal(got.Values, []string{"a", "b"}) {
		t.Errorf("chosen were a and b, and come back as %v", got.Values)
	}
	if !fresh.Check(Check{Name: "mail", Checked: true}).Checked || back.Check(Check{Name: "mail", Checked: true}).Checked {
		t.Error("a box is ticked that was sent empty, or empty that nobody touched")
	}
}

func TestWhatIsConfirmedIsTheName(t *testing.T) {
	t.Parallel()
	for typed, fine := range map[string]bool{"Acme Ltd": true, "  acme  LTD ": true, "": false, "Acme": false, "Acme Ltd.": false} {
		if err := Confirmed(url.Values{"confirm": {typed}}, "Acme Ltd"); (err == nil) != fine || err != nil && !fault.Is(err, "confirm_name") {
			t.Errorf("Confirmed(%q) = %v, want accepted %t", typed, err, fine)
		}
	}
}

func TestTheLongestPathOfTheNavigationIsCurrent(t *testing.T) {
	t.Parallel()
	s := Shell{Nav: []NavGroup{{Items: []NavItem{{Path: "/console"}, {Path: "/console/people"}}}, {Items: []NavItem{{Path: "/console/peo"}, {Path: "/console/log?org=acme"}}}}}
	for path, want := range map[string]string{
		"/console": "/console", "/console/people": "/console/people", "/console/people/usr_1": "/console/people",
		"/console/log/x": "/console/log?org=acme", "/console/audit": "/console", "/consoles": "", "/account": "",
	} {
		if got := s.best(path); got != want {
			t.Errorf("at %s, %q is current, want %q", path, got, want)
		}
	}
}

func TestInstantsInWords(t *testing.T) {
	t.Parallel()
	voices, now := voices(t), time.Date(2026, 3, 14, 9, 26, 53, 0, time.UTC)
	for _, tc := range []struct {
		ago    time.Duration
		en, de string
	}{
		{30 * time.Second, "just now", "gerade eben"},
		{time.Minute, "1 minute ago", "vor 1 Minute"},
		{59*time.Minute + 59*time.Second, "59 minutes ago", "vor 59 Minuten"},
		{23 * time.Hour, "23 hours ago", "vor 23 Stunden"},
		{24 * time.Hour, "1 day ago", "vor 1 Tag"},
		{30 * 24 * time.Hour, "12 Feb 2026", "12. Feb. 2026"},
		{-10 * time.Second, "in a moment", "gleich"},
		{-2 * time.Hour, "in 2 hours", "in 2 Stunden"},
		{-14 * 24 * time.Hour, "in 14 days", "in 14 Tagen"},
		{-365 * 24 * time.Hour, "14 Mar 2027", "14. März 2027"},
	} {
		at := now.Add(-tc.ago)
		for i, want := range []string{tc.en, tc.de} {
			if got := voices[i].moment(at, now).Relative; got != want {
				t.Errorf("%v ago is %q, want %q", tc.ago, got, want)
			}
		}
	}
	got := voices[0].moment(now.In(time.FixedZone("", 3600)), now)
	if want := (moment{"2026-03-14T09:26:53Z", "14 Mar 2026, 09:26 UTC", "just now"}); got != want {
		t.Errorf("moment() = %+v, want %+v", got, want)
	}
}

func TestNumbersAreWrittenInTheWayOfTheLanguage(t *testing.T) {
	t.Parallel()
	voices := voices(t)
	for n, want := range map[int][2]string{
		0: {"0", "0"}, 999: {"999", "999"}, 1000: {"1,000", "1.000"}, 1234567: {"1,234,567", "1.234.567"}, -12345: {"-12,345", "-12.345"},
	} {
		for i, v := range voices {
			if got := v.number(n); got != want[i] {
				t.Errorf("number(%d) = %q, want %q", n, got, want[i])
			}
		}
	}
}

// Nothing is drawn outside of the canvas, and nothing that is there is left out.
func TestChartsStayOnTheirCanvas(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.IntRange(0, 1<<40), 0, 20)
		c := Chart{Kind: rapid.SampledFrom([]ChartKind{Bars, Lines, Ranks}).Draw(t, "kind"), Labels: make([]Text, rapid.IntRange(0, 20).Draw(t, "labels"))}
		for range rapid.IntRange(0, 4).Draw(t, "series") {
			c.Series = append(c.Series, Series{Values: values.Draw(t, "values")})
		}
		p := c.plot()
		if p.None != (c.highest() == 0) || p.Max < c.highest() {
			t.Fatalf("highest %d is drawn as %+v", c.highest(), p)
		}
		for _, r := range p.Ranks {
			if r.W < 0 || r.W > rankWidth {
				t.Fatalf("line %+v is longer than %d", r, rankWidth)
			}
		}
		for _, b := range p.Bars {
			if b.X < 0 || b.Y < 0 || b.H < 0 || b.X+b.W > p.Width || b.Y+b.H > p.Height {
				t.Fatalf("bar %+v is outside of %d × %d", b, p.Width, p.Height)
			}
		}
	})
}

func TestInitials(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"Ada Lovelace": "AL", "élodie": "É", "": "", "Ada de la Cruz": "AC", "李 小龙": "李小"} {
		if got := initials(name); got != want {
			t.Errorf("initials(%q) = %q, want %q", name, got, want)
		}
	}
}

// homeless is a page without a template.
type homeless struct{}

func (homeless) Head() Head { return Head{Template: "homeless"} }

func TestSetsThatDoNotFitAreRefused(t *testing.T) {
	t.Parallel()
	own := func(name, content string) fs.FS { return fstest.MapFS{name: {Data: []byte(content)}} }
	for name, tc := range map[string]struct {
		set  Set
		fine bool
	}{
		"a word of its own":        {Set{Name: "x", Files: own("locales/x.en.json", `{"x": "X"}`)}, true},
		"a word of the house anew": {Set{Name: "x", Files: own("locales/x.en.json", `{"cancel": "Never mind"}`)}, false},
		"no template":              {Set{Name: "x", Files: own("templates/other.html", ""), Pages: []Page{homeless{}}}, false},
		"its template":             {Set{Name: "x", Files: own("templates/homeless.html", ""), Pages: []Page{homeless{}}}, true},
		"a page twice":             {Set{Name: "x", Files: own("templates/homeless.html", ""), Pages: []Page{homeless{}, homeless{}}}, false},
		"a page of the house":      {Set{Name: "x", Files: own("templates/signed-out.html", ""), Pages: []Page{SignedOut{}}}, false},
		"an asset of the house":    {Set{Name: "x", Files: own("assets/page.js", "")}, false},
		"an asset of its own":      {Set{Name: "x", Files: own("assets/x.js", "")}, true},
		"an asset of what kind":    {Set{Name: "x", Files: own("assets/x.wasm", "")}, false},
	} {
		u, err := New(Options{}, tc.set)
		if err == nil {
			err = u.Load()
		}
		if (err == nil) != tc.fine {
			t.Errorf("%s: %v, want accepted %t", name, err, tc.fine)
		}
	}
	err := open(t).Render(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil), 200, homeless{})
	if err == nil {
		t.Error("a page of no set is rendered")
	}
}

// Whatever stands in the URL, what is said to be saved is a text of the
// catalog, or one with a number in it.
func FuzzSaved(f *testing.F) {
	u, err := New(Options{})
	if err != nil {
		f.Fatal(err)
	}
	e, err := u.editions[0][0]()
	if err != nil {
		f.Fatal(err)
	}
	v := e.voice
	v.fixed, v.counted = map[string]string{"saved_done": "Done"}, map[string]bool{"saved_people": true}
	for _, seed := range []string{"done", "people.3", "people.-1", "a.b.c", "done.<b>"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if got := v.saved(value); got != "" && got != "Done" && got != "saved_people" { // which has no text here
			t.Errorf("saved(%q) = %q", value, got)
		}
	})
}

// Whatever is taken for an accent becomes a style sheet that holds nothing but
// colours.
func FuzzAccent(f *testing.F) {
	for _, seed := range []string{"#0b665e", "#FFF", "red", "#00000g", "#000000;}", "##00000"} {
		f.Add(seed)
	}
	sheet := regexp.MustCompile(`^[^#]*(#[0-9a-f]{6}[^#]*){10}$`)
	f.Fuzz(func(t *testing.T, accent string) {
		c, err := parseColour(accent)
		if err != nil {
			return
		}
		if !strings.EqualFold(c.String(), accent) {
			t.Errorf("%q is read as %v", accent, c)
		}
		if css := string(accentStyle(c)); !sheet.MatchString(css) {
			t.Errorf("%q becomes %s", accent, css)
		}
	})
}
