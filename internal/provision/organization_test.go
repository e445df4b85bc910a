package provision_test

import (
	"bytes"
	"errors"
	"image"
	"image/png"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/provision"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

func TestSuborganizations(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		must(h, "creating", h.CreateSuborganization(ctx, &h.owner, h.emea.ID, "Acme UK", "acme-uk"))
		uk := h.place(&h.owner, "acme-uk")
		if !slices.Equal(uk.Path, []sso.OrgID{h.acme.ID, h.emea.ID, uk.ID}) || len(uk.Line) != 3 {
			h.Errorf("path %v, line %v", uk.Path, uk.Line)
		}
		for what, tc := range map[string]struct{ name, key, code string }{
			"a key that is taken":           {"x", "rival", "key_taken"},
			"a key that is none":            {"x", "Acme UK", "key_form"},
			"a key that is a page":          {"x", "password", "key_reserved"},
			"no name":                       {" ", "acme-us", "name_empty"},
			"the key of the operators' own": {"x", sso.OperatorsKey, "key_reserved"},
		} {
			refused(h, what, h.CreateSuborganization(ctx, &h.owner, h.acme.ID, tc.name, tc.key), tc.code)
		}
		parent := uk.ID
		for i := range sso.MaxTreeDepth - 3 {
			key := "deep-" + string(rune('a'+i))
			must(h, "creating further down", h.CreateSuborganization(ctx, &h.owner, parent, key, key))
			parent = h.place(&h.owner, key).ID
		}
		refused(h, "one too deep", h.CreateSuborganization(ctx, &h.owner, parent, "x", "deep-z"), "organization_depth")
		page, err := h.Suborganizations(ctx, h.place(&h.owner, ""), "the acme", store.OrganizationPlace{})
		if err != nil || len(page.Organizations) != 1 || page.Organizations[0].Below != 1 || page.Organizations[0].Members != 1 {
			h.Errorf("Suborganizations() = %+v, %v", page, err)
		}
		must(h, "renaming", h.SaveSettings(ctx, &h.owner, uk.ID, provision.Settings{Name: "Acme Britain"}))
		if got := h.place(&h.owner, "acme-uk").Name; got != "Acme Britain" {
			h.Errorf("name %q", got)
		}
	})
}

func TestSecurity(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		policy := func() sso.Policy {
			var o sso.Organization
			h.write(func(tx *store.Writer) error {
				var err error
				o, err = tx.Organization(h.Context(), h.acme.ID)
				return err
			})
			return o.Policy
		}
		version := int64(1)
		try := func(to provision.Security, lockOut provision.LockOut) error {
			to.Version = version
			err := h.SaveSecurity(h.Context(), &h.owner, h.acme.ID, to, lockOut)
			if err == nil {
				version++
			}
			return err
		}
		must(h, "saving", try(provision.Security{
			MFA: "required", MFAAfterSSO: "ask", SessionIdle: time.Hour, SessionLife: 24 * time.Hour, InactiveAfter: 90 * 24 * time.Hour,
			IPAllow: "192.0.2.77/24, 2001:db8::1\n::ffff:198.51.100.7 192.0.2.0/24",
		}, provision.RefuseLockOut))
		p := policy()
		if p.MFA != sso.MFARequired || p.SessionIdle != 3600 || p.InactiveAfter.Std() != 90*24*time.Hour || provision.Networks(p.IPAllow) != "192.0.2.0/24\n2001:db8::1/128\n198.51.100.7/32" {
			h.Errorf("policy %+v", p)
		}
		for what, tc := range map[string]struct {
			to   provision.Security
			code string
		}{
			"no network":             {provision.Security{IPAllow: "192.0.2.0/33"}, "network_form"},
			"IPv4 in IPv6":           {provision.Security{IPAllow: "::ffff:0:0/96"}, "network_form"},
			"a zone":                 {provision.Security{IPAllow: "fe80::1%eth0"}, "network_form"},
			"too many":               {provision.Security{IPAllow: manyNetworks()}, "network_many"},
			"one's own is left out":  {provision.Security{IPAllow: "198.51.100.0/24"}, "policy_locks_out"},
			"idle too short":         {provision.Security{SessionIdle: time.Minute}, "policy_idle"},
			"idle too long":          {provision.Security{SessionIdle: 31 * 24 * time.Hour}, "policy_idle"},
			"life too short":         {provision.Security{SessionLife: time.Minute}, "policy_life"},
			"negative":               {provision.Security{SessionLife: -time.Hour}, "policy_life"},
			"inactive too soon":      {provision.Security{InactiveAfter: time.Hour}, "policy_inactive"},
			"a demand that is none":  {provision.Security{MFA: "maybe"}, "policy_form"},
			"a meaning that is none": {provision.Security{MFAAfterSSO: "maybe"}, "policy_form"},
		} {
			refused(h, what, try(tc.to, provision.RefuseLockOut), tc.code)
		}
		must(h, "one's own is left out, confirmed", try(provision.Security{IPAllow: "198.51.100.0/24"}, provision.AcceptLockOut))
		version--
		refused(h, "an old version", try(provision.Security{}, provision.AcceptLockOut), "conflict")
		version++
		must(h, "nothing changes", try(provision.Security{IPAllow: "198.51.100.0/24"}, provision.AcceptLockOut))
		if got := h.audit(h.acme.ID); !slices.Equal(got, []string{"policy.changed", "policy.changed"}) {
			h.Errorf("audit %q", got)
		}
	})
}

func manyNetworks() string {
	var b strings.Builder
	for i := range 600 {
		b.WriteString("10." + string(rune('0'+i/100)) + "." + string(rune('0'+i/10%10)) + "." + string(rune('0'+i%10)) + "/32\n")
	}
	return b.String()
}

// What an export writes, a spreadsheet shows and calculates nothing from, and
// an import reads back as it was.
func TestExport(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		evil := h.add(h.acme, "evil", sso.RoleMember)
		evil.User.FirstName, evil.User.LastName, evil.User.Version = `=HYPERLINK("http://evil.example";"x")`, "+1\n@SUM(A1)", 1
		h.write(func(tx *store.Writer) error { return tx.Org(h.acme.ID).SaveUser(ctx, evil.User) })
		var out strings.Builder
		must(h, "exporting", h.Export(ctx, &h.admin, h.place(&h.admin, ""), store.PeopleQuery{}, &out))
		if !strings.Contains(out.String(), `"'=HYPERLINK(""http://evil.example"";""x"")"`) || !strings.Contains(out.String(), "\"'+1\n'@SUM(A1)\"") {
			h.Errorf("exported:\n%s", out.String())
		}
		if n := strings.Count(out.String(), "@acme.example"); n != 4 {
			h.Errorf("%d people of Acme are in the export, want 4", n)
		}
		if strings.Contains(out.String(), "rival") {
			h.Error("somebody else's people are in the export")
		}
		id, err := h.Upload(ctx, &h.owner, h.acme.ID, provision.NewImport{Name: "again.csv", File: []byte(out.String()), Role: "member"})
		must(h, "uploading what was exported", err)
		page, err := h.Import(ctx, h.place(&h.owner, ""), id, "", 0)
		must(h, "reading the import", err)
		for _, r := range page.Rows {
			if r.Verdict != sso.RowSame && r.Row.Username != "evil" {
				h.Errorf("row %d: %s %s %v", r.Line, r.Verdict, r.Code, r.Changes)
			}
		}
		if got := h.audit(h.acme.ID)[0]; got != "people.exported" {
			h.Errorf("audit %q", got)
		}
	})
}

func TestPlainCell(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"": "", "a": "a", "=1": "'=1", "+1": "'+1", "-1": "'-1", "@x": "'@x", "\tx": "'\tx", "\r=1": "'\r'=1", "'": "''", "'x": "''x", "a=1": "a=1", "＝1": "'＝1",
		"a;=1": "a;'=1", "a;;-1;b": "a;;'-1;b", `";=1`: `";'=1`, `a;""=1`: `a;'""=1`, `"=1`: `'"=1`, "a\t@x": "a\t'@x", "a;'b": "a;''b", "a; b;c": "a; b;c", "O'Neill; Ann": "O'Neill; Ann",
	} {
		if got := sso.PlainCell(in); got != want {
			t.Errorf("PlainCell(%q) = %q, want %q", in, got, want)
		}
		if got := sso.Cell(want); got != in {
			t.Errorf("Cell(%q) = %q, want %q", want, got, in)
		}
	}
	if got := sso.Cell("'tis"); got != "'tis" {
		t.Errorf("Cell() of what was never marked = %q", got)
	}
}

// picture returns a PNG of this size.
func picture(t testing.TB, width, height int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewRGBA(image.Rect(0, 0, width, height))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestSettings(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		save := func(to provision.Settings) error {
			return h.SaveSettings(h.Context(), &h.owner, h.acme.ID, to)
		}
		brand := func() sso.Brand {
			b, err := h.Brand(h.Context(), h.emea.ID, "") // from below
			must(h, "reading the brand", err)
			return b
		}
		must(h, "a name", save(provision.Settings{Name: "Acme"}))
		must(h, "an accent", save(provision.Settings{Name: "Acme", Accent: " #0A6B5E "}))
		if b := brand(); b != (sso.Brand{Accent: "#0a6b5e"}) {
			h.Errorf("brand %+v", b)
		}
		logo := append(picture(h, 40, 20), "<script>alert(1)</script>"...)
		must(h, "a logo", save(provision.Settings{Name: "Acme", Logo: sso.NewLogo{Picture: logo}}))
		kept, err := h.LogoOf(h.Context(), brand().Logo+".png")
		if err != nil || !bytes.HasPrefix(kept, []byte("\x89PNG")) || bytes.Contains(kept, []byte("script")) {
			h.Errorf("LogoOf() = %q, %v", kept, err)
		}
		was := brand()
		must(h, "nothing changes", save(provision.Settings{Name: "Acme"}))
		if brand() != was || was.Accent != "" {
			h.Errorf("brand %+v, want %+v", brand(), was)
		}
		for what, tc := range map[string]struct {
			to   provision.Settings
			code string
		}{
			"no name":            {provision.Settings{Name: " "}, "name_empty"},
			"a name of a colour": {provision.Settings{Name: "x", Accent: "red"}, "brand_accent"},
			"style in a colour":  {provision.Settings{Name: "x", Accent: "#fff;} body{"}, "brand_accent"},
			"no picture":         {provision.Settings{Name: "x", Logo: sso.NewLogo{Picture: []byte("<svg onload=alert(1)>")}}, "brand_logo"},
			"half a picture":     {provision.Settings{Name: "x", Logo: sso.NewLogo{Picture: logo[:60]}}, "brand_logo"},
			"too wide":           {provision.Settings{Name: "x", Logo: sso.NewLogo{Picture: picture(h, 1025, 1)}}, "brand_logo"},
			"too large":          {provision.Settings{Name: "x", Logo: sso.NewLogo{Picture: append(picture(h, 1, 1), make([]byte, sso.MaxLogo)...)}}, "brand_logo"},
		} {
			refused(h, what, save(tc.to), tc.code)
		}
		last := brand().Logo
		must(h, "no logo", save(provision.Settings{Name: "Acme", Logo: sso.NewLogo{Gone: true}}))
		if b := brand(); !b.IsZero() {
			h.Errorf("brand %+v", b)
		}
		if _, err := h.LogoOf(h.Context(), last+".png"); !errors.Is(err, store.ErrNotFound) {
			h.Errorf("LogoOf() one that was removed: %v", err)
		}
		want := []string{"organization.renamed", "organization.brand_changed", "organization.brand_changed", "organization.brand_changed"}
		if got := h.audit(h.acme.ID); !slices.Equal(got, want) {
			h.Errorf("audit %q, want %q", got, want)
		}
	})
}
