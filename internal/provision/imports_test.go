package provision_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/provision"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// upload keeps a list and returns it as it was judged.
func (h *house) upload(by *sso.By, in provision.NewImport) provision.ImportPage {
	h.Helper()
	if in.Role == "" {
		in.Role = "member"
	}
	id, err := h.Upload(h.Context(), by, by.Org.ID, in)
	must(h, "uploading", err)
	return h.list(by, id)
}

func (h *house) list(by *sso.By, id sso.ImportID) provision.ImportPage {
	h.Helper()
	page, err := h.Import(h.Context(), h.place(by, ""), id, "", 0)
	must(h, "reading a list", err)
	return page
}

// verdicts writes what the rows of a list would do, one a line.
func verdicts(p provision.ImportPage) string {
	var b strings.Builder
	for _, r := range p.Rows {
		line := fmt.Sprintln(r.Line, r.Verdict, r.Code, r.Detail, strings.Join(r.Changes, ","))
		b.WriteString(strings.Join(strings.Fields(line), " ") + "\n")
	}
	return b.String()
}

func (h *house) find(by *sso.By, word string) []store.Member {
	h.Helper()
	page, err := h.People(h.Context(), h.place(by, ""), store.PeopleQuery{Words: sso.SearchWords(word)})
	must(h, "listing people", err)
	return page.People
}

// Everything that can be wrong with a row is said before anything is written.
func TestAListIsShownBeforeItIsCarriedOut(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		h.verify(h.acme.ID, "acme.example")
		h.verify(h.rival.Org.ID, "rival.example")
		guest := h.add(h.rival.Org, "gus", sso.RoleMember)
		h.join(h.acme, guest.User, sso.RoleMember)
		gone := h.add(h.acme, "gone", sso.RoleMember)
		must(h, "removing", h.Remove(ctx, &h.owner, h.acme.ID, gone.User.ID))
		before := len(h.find(&h.owner, ""))
		page := h.upload(&h.admin, provision.NewImport{Name: "people.csv", File: []byte(`e-mail;User;Vorname;last name;role;groups;organizations;Shoe size
new@acme.example;new;Nea;New;;ops;acme-emea;44
outside@free.example;;;;;;;
NEW@acme.example;;;;;;;
x;;;;;;;
;;Nobody;;;;;
rita@rival.example;;;;;;;
mia@acme.example;;mia;Person;member;;;
mia2@acme.example;mia;;;;;;

adam@acme.example;;Adam;;;ops;acme-emea;
olga@acme.example;;Olgas;;;;;
boss@acme.example;;;;owner;;;
y@acme.example;;;;king;;;
z@acme.example;;;;;;rival;
gus@rival.example;;Gustav;;;;;
gus@RIVAL.example;;;;admin;;;
gone@acme.example;gone;;;;;;
elsa@acme-emea.example;;;;;;;
`)})
		want := `2 new
3 new import_outside free.example
4 duplicate import_duplicate 2
5 bad ident_email x
6 bad ident_email
7 foreign ident_foreign rita@rival.example
8 same
9 bad username_taken mia
11 changed first_name,groups,organization acme-emea
12 bad rights_outrank admin
13 bad rights_owner admin
14 bad role_unknown king
15 bad organization_unknown rival
16 bad rights_guest admin
17 duplicate import_duplicate 16
18 new
19 changed member
`
		if got := verdicts(page); got != want {
			h.Errorf("the list says\n%s\nwant\n%s", got, want)
		}
		if page.State != sso.ImportReady || page.Total != 17 || page.Judged != 17 || !slices.Equal(page.Options.Ignored, []string{"Shoe size"}) {
			h.Errorf("the import is %+v", page.Import)
		}
		if after := len(h.find(&h.owner, "")); after != before {
			h.Errorf("%d people before anybody said so, want %d", after, before)
		}

		must(h, "starting", h.Start(ctx, &h.admin, h.acme.ID, page.ID))
		refused(h, "starting again", h.Start(ctx, &h.admin, h.acme.ID, page.ID), "import_state")
		done := h.list(&h.admin, page.ID)
		if done.State != sso.ImportDone || done.Done != 5 || done.Failed != 0 {
			h.Errorf("carried out: %+v", done.Import)
		}
		made := h.find(&h.owner, "new@acme.example")
		if len(made) != 1 || made[0].FirstName != "Nea" || made[0].Role != sso.RoleMember || !slices.Equal(made[0].Groups, []string{"ops"}) {
			h.Fatalf("made %+v", made)
		}
		if got := h.role(h.emea.ID, made[0].ID); got != sso.RoleMember {
			h.Errorf("role below %q", got)
		}
		if adam := h.standing(h.admin.User.ID); adam.User.FirstName != "Adam" || adam.User.LastName != "Person" || len(adam.Positions) != 2 {
			h.Errorf("changed: %+v", adam)
		}
		if mia := h.standing(h.member.User.ID); mia.User.Version != 1 {
			h.Errorf("who was to stay the same was saved: %+v", mia.User)
		}
		if got := h.mails(); got != "" {
			h.Errorf("mails %q, though nobody was to be written to", got)
		}
	})
}

func TestImportedPeopleAreWelcomedOrHaveTheirPassword(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		const hash = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g"
		page := h.upload(&h.admin, provision.NewImport{Welcome: provision.WelcomeByMail, File: []byte("email,username,password_hash,language\n" +
			"a@acme.example,,,de\nb@acme.example,,\"" + hash + "\",\nc@acme.example,,plain text,\n,nomail,,\nd@acme.example,,\"" + strings.Replace(hash, "m=19456", "m=262144", 1) + "\",\n")})
		if got, want := verdicts(page), "2 new\n3 new\n4 bad password_hash\n5 new\n6 bad password_hash_dear\n"; got != want {
			h.Fatalf("the list says\n%s\nwant\n%s", got, want)
		}
		must(h, "starting", h.Start(h.Context(), &h.admin, h.acme.ID, page.ID))
		if got := h.mails(); got != "registration a@acme.example" {
			h.Errorf("mails %q", got)
		}
		if b := h.find(&h.owner, "b@acme.example"); len(b) != 1 || b[0].PasswordHash != hash || b[0].Way != store.WayPassword {
			h.Errorf("imported with a password: %+v", b)
		}
	})
}

// Two people import lists with the same addresses at once, and a worker helps
// both: everybody is made once.
func TestTwoImportsAtOnceMakeEverybodyOnce(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		var file strings.Builder
		file.WriteString("email,username,groups\n")
		const people = 120
		for i := range people {
			fmt.Fprintf(&file, "p%d@acme.example,p%d,\"ops;staff\"\n", i, i)
		}
		first := h.upload(&h.admin, provision.NewImport{File: []byte(file.String())})
		second := h.upload(&h.owner, provision.NewImport{File: []byte(file.String())})
		work := func(ctx context.Context) error {
			for {
				if more, err := h.Work(ctx); err != nil || !more {
					return err
				}
			}
		}
		for _, err := range atOnce(
			func(ctx context.Context) error { return h.Start(ctx, &h.admin, h.acme.ID, first.ID) },
			func(ctx context.Context) error { return h.Start(ctx, &h.owner, h.acme.ID, second.ID) },
			work, func(ctx context.Context) error { return work(ctx) },
		) {
			must(h, "importing", err)
		}
		for i := range people {
			if n := len(h.find(&h.owner, fmt.Sprintf("p%d@acme.example", i))); n != 1 {
				h.Fatalf("p%d is there %d times", i, n)
			}
		}
		a, b := h.list(&h.admin, first.ID), h.list(&h.owner, second.ID)
		if a.State != sso.ImportDone || b.State != sso.ImportDone || a.Done != people || b.Done != people || a.Failed+b.Failed != 0 {
			h.Errorf("they end as %+v and %+v", a.Import, b.Import)
		}
		g, err := h.Groups(h.Context(), h.place(&h.owner, ""), "", store.GroupPlace{})
		if err != nil || len(g.Groups) != 2 || g.Groups[0].Members != people {
			h.Errorf("groups %+v, %v", g, err)
		}
	})
}

// A long list is worked on in the background, by whoever stands behind it, and
// only for as long as they may.
func TestALongListIsCarriedOutInTheBackground(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		var file strings.Builder
		file.WriteString("email\n")
		for i := range provision.AtOnce + 1 {
			fmt.Fprintf(&file, "p%d@acme.example\n", i)
		}
		page := h.upload(&h.admin, provision.NewImport{File: []byte(file.String())})
		if page.State != sso.ImportJudging || page.Judged != 0 {
			h.Fatalf("a long list is judged while somebody waits: %+v", page.Import)
		}
		refused(h, "starting before it is judged", h.Start(ctx, &h.admin, h.acme.ID, page.ID), "import_state")
		steps := 0
		for {
			more, err := h.Work(ctx)
			must(h, "working", err)
			if !more {
				break
			}
			steps++
		}
		page = h.list(&h.admin, page.ID)
		if page.State != sso.ImportReady || page.Judged != provision.AtOnce+1 || page.Counts[sso.RowNew] != provision.AtOnce+1 || steps < 10 {
			h.Fatalf("after %d steps: %+v %v", steps, page.Import, page.Counts)
		}
		must(h, "starting", h.Start(ctx, &h.admin, h.acme.ID, page.ID))
		for range 3 {
			_, err := h.Work(ctx)
			must(h, "working", err)
		}
		part := h.list(&h.admin, page.ID)
		if part.State != sso.ImportRunning || part.Done == 0 || part.Done > provision.AtOnce {
			h.Fatalf("on the way: %+v", part.Import)
		}
		must(h, "demoting who stands behind it", h.ChangeRole(ctx, &h.owner, h.acme.ID, h.admin.User.ID, "member"))
		for {
			more, err := h.Work(ctx)
			must(h, "working", err)
			if !more {
				break
			}
		}
		over := h.list(&h.owner, page.ID)
		if over.State != sso.ImportStopped || over.Code != "console_role" || over.Done != part.Done {
			h.Errorf("after it was taken from them: %+v, want it stopped where it was", over.Import)
		}
	})
}

func TestAListCanBeStopped(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		page := h.upload(&h.admin, provision.NewImport{File: []byte("email\na@acme.example\n")})
		must(h, "stopping", h.Stop(ctx, &h.owner, h.acme.ID, page.ID))
		must(h, "stopping again", h.Stop(ctx, &h.owner, h.acme.ID, page.ID))
		refused(h, "starting what was stopped", h.Start(ctx, &h.admin, h.acme.ID, page.ID), "import_state")
		late := h.upload(&h.admin, provision.NewImport{File: []byte("email\na@acme.example\n")})
		h.at.Store(late.ExpiresAt.UnixMicro())
		later := h.add(h.acme, "later", sso.RoleAdmin)
		refused(h, "starting what has waited too long", h.Start(ctx, &later, h.acme.ID, late.ID), "import_state")
		if n := len(h.find(&later, "a@acme.example")); n != 0 {
			h.Error("somebody was made all the same")
		}
	})
}

func TestFilesThatAreNoLists(t *testing.T) {
	t.Parallel()
	h := newHouse(t, sqliteOf(t))
	var rows strings.Builder
	rows.WriteString("email\n")
	for i := range provision.MaxRows + 1 {
		fmt.Fprintf(&rows, "%d\n", i)
	}
	for what, tc := range map[string]struct{ file, code string }{
		"nothing":           {"", "import_empty"},
		"a head alone":      {"email\n", "import_empty"},
		"empty rows":        {"email,x\n,\n  ,\n", "import_empty"},
		"no column we know": {"a,b\n1,2\n", "import_columns"},
		"too many columns":  {"email" + strings.Repeat(",x", 200) + "\n", "import_columns"},
		"a stray quote":     {"email\na\"b@acme.example\n", "import_csv"},
		"an open quote":     {"email\n\"a@acme.example\n", "import_csv"},
		"a picture":         {"\x89PNG\r\n\x1a\n\x00\x00", "import_encoding"},
		"too many rows":     {rows.String(), "import_rows"},
		"too many octets":   {strings.Repeat("x", provision.MaxFile+1), "import_size"},
	} {
		_, err := h.Upload(t.Context(), &h.admin, h.acme.ID, provision.NewImport{File: []byte(tc.file), Role: "member"})
		refused(t, what, err, tc.code)
	}
	for what, file := range map[string]string{
		"commas": "email,first_name\na@acme.example,Änne\n", "semicolons": "email;first_name\r\na@acme.example;Änne\r\n", "tabs": "email\tfirst_name\na@acme.example\tÄnne\n",
		"with its mark": "\xef\xbb\xbfemail,first_name\na@acme.example,Änne", "Windows": "email;first_name\na@acme.example;\xc4nne\n",
		"UTF-16":    "\xff\xfee\x00m\x00a\x00i\x00l\x00,\x00V\x00o\x00r\x00n\x00a\x00m\x00e\x00\n\x00a\x00@\x00a\x00c\x00m\x00e\x00.\x00e\x00x\x00a\x00m\x00p\x00l\x00e\x00,\x00\xc4\x00n\x00n\x00e\x00",
		"in quotes": "\"E-Mail\",\"First Name\"\n\"a@acme.example\",\"Änne\"\n",
	} {
		page := h.upload(&h.admin, provision.NewImport{File: []byte(file)})
		if len(page.Rows) != 1 || page.Rows[0].Row.Email != "a@acme.example" || page.Rows[0].Row.FirstName != "Änne" || page.Rows[0].Verdict != sso.RowNew {
			t.Errorf("%s: %+v", what, page.Rows)
		}
	}
	page := h.upload(&h.admin, provision.NewImport{File: []byte("email,last_name\na@acme.example," + strings.Repeat("x", 2000) + "\n")})
	if got := verdicts(page); got != "2 bad import_long\n" {
		t.Errorf("a value too long: %s", got)
	}
}
