package manage

import (
	"net/http"
	"time"

	"github.com/sallyport/sallyport/internal/connect"
	"github.com/sallyport/sallyport/internal/sso"
)

// Test is a sign-in through a connection that leads nowhere.
type Test struct {
	ID         string      `json:"id"`
	State      string      `json:"state" enum:"waiting,passed,failed"`
	Current    bool        `json:"current" doc:"Whether it was one of the settings as they are now"`
	Subject    string      `json:"subject,omitempty" doc:"Who came"`
	Email      string      `json:"email,omitempty"`
	Code       string      `json:"code,omitempty" doc:"Why it failed"`
	Want       string      `json:"want,omitempty"`
	Got        string      `json:"got,omitempty"`
	Side       string      `json:"side,omitempty" doc:"Who can mend it"`
	Checks     []Check     `json:"checks"`
	Attributes []Attribute `json:"attributes" doc:"As they were sent"`
	Offers     []TestOffer `json:"offers" doc:"Changes of settings that it suggests; in lists there are none"`
	Reference  string      `json:"reference,omitempty" doc:"Of its trace"`
	CreatedAt  time.Time   `json:"created_at"`
	AnsweredAt *time.Time  `json:"answered_at,omitempty"`
}

// Check is one line of a verdict.
type Check struct {
	Rule    string `json:"rule" example:"saml.audience"`
	About   string `json:"about,omitempty"`
	Verdict string `json:"verdict" enum:"pass,fail,skip,warn"`
	Want    string `json:"want,omitempty"`
	Got     string `json:"got,omitempty"`
}

// Attribute is what an identity provider has sent of a person.
type Attribute struct {
	Name   string   `json:"name"`
	Values []string `json:"values"`
}

func check(c *sso.Check) Check { return Check(*c) }

func attribute(a *sso.Attribute) Attribute { return Attribute{Name: a.Name, Values: texts(a.Values)} }

// TestLink is a link by which somebody else tries a connection.
type TestLink struct {
	ID        string    `json:"id"`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at"`
}

// NewTestLink is a link to be made.
type NewTestLink struct {
	Days     int    `json:"days,omitempty" minimum:"1" maximum:"90" default:"7"`
	Settings string `json:"settings,omitempty" enum:"live,prepared" default:"live" doc:"Which ones are tried"`
}

// Tried says which settings of a connection tests are asked about.
type Tried struct {
	Settings string `query:"settings" enum:"live,prepared" default:"live" doc:"Of which settings"`
}

// which returns the settings that are meant.
func which(settings string) sso.Which {
	if settings == string(sso.Prepared) {
		return sso.Prepared
	}
	return sso.Live
}

// MadeTestLink is a link that was made.
type MadeTestLink struct {
	Path string `json:"path" doc:"Where it leads, in this deployment; it is shown this once"`
}

func (h *Handler) tests(a *api) {
	const tag, one = "Connections", "/organizations/{organization}/connections/{connection}"
	read, write := sso.ScopeSSORead, sso.ScopeSSOWrite
	register(a, op{ID: "listTests", Method: http.MethodGet, Path: one + "/tests", Scope: read, Tag: tag, Summary: "List tests of a connection", About: "The latest first, at most 20 a page. A test is begun in a browser, by a person."}, h.listTests)
	register(a, op{ID: "getTest", Method: http.MethodGet, Path: one + "/tests/{test}", Scope: read, Tag: tag, Summary: "Read what a test has found out"}, h.getTest)
	register(a, op{ID: "listTestLinks", Method: http.MethodGet, Path: one + "/test-links", Scope: read, Tag: tag, Summary: "List links by which others try a connection"}, h.listTestLinks)
	register(a, op{ID: "createTestLink", Method: http.MethodPost, Path: one + "/test-links", Scope: write, Tag: tag, Summary: "Create a link by which somebody else tries a connection", Status: http.StatusCreated}, h.createTestLink)
	register(a, op{ID: "revokeTestLink", Method: http.MethodDelete, Path: one + "/test-links/{testlink}", Scope: write, Tag: tag, Summary: "Revoke a link by which others try a connection"}, h.revokeTestLink)
}

func test(t *connect.Trials, of *sso.Test) Test {
	r := &of.Result
	return Test{
		ID: string(of.ID), State: string(of.State), Current: !t.Stale(of), Subject: of.Subject, Email: r.Email, Code: r.Code, Want: r.Want, Got: r.Got, Side: r.Fix,
		Checks: each(r.Checks, check), Attributes: each(r.Attributes, attribute), Offers: []TestOffer{}, Reference: of.Reference, CreatedAt: of.CreatedAt.UTC(), AnsweredAt: instant(of.AnsweredAt),
	}
}

func (h *Handler) listTests(c *call, in *struct {
	InConnection
	Paging
	Tried
}) (*listed[Test], error) {
	_, p, err := c.at(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	after, err := place[connect.Place](in.Cursor)
	if err != nil {
		return nil, err
	}
	t, err := h.Connect.Trials(c.ctx(), p, in.Connection, which(in.Settings), "", after)
	if err != nil {
		return nil, err
	}
	lines, next := cut(t.Tests, in.Paging, further(t.Next), func(of *sso.Test) connect.Place { return connect.Place{At: of.CreatedAt, ID: string(of.ID)} })
	return &listed[Test]{page[Test]{each(lines, func(of *sso.Test) Test { return test(&t, of) }), cursor(next)}}, nil
}

func (h *Handler) getTest(c *call, in *struct {
	InConnection
	Tried
	Test string `path:"test" doc:"ID of the test" maxLength:"64"`
}) (*told[Test], error) {
	_, p, err := c.at(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	t, err := h.Connect.Trials(c.ctx(), p, in.Connection, which(in.Settings), sso.TestID(in.Test), connect.Place{})
	if err != nil {
		return nil, err
	}
	out := test(&t, t.Shown)
	out.Offers = each(t.Offers, func(o *sso.Offer) TestOffer { return TestOffer{Of: string(o.Of), To: o.To, Seen: o.Seen} })
	return tell(out), nil
}

func (h *Handler) listTestLinks(c *call, in *struct{ InConnection }) (*listed[TestLink], error) {
	_, p, err := c.at(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	t, err := h.Connect.Trials(c.ctx(), p, in.Connection, sso.Live, "", connect.Place{})
	if err != nil {
		return nil, err
	}
	return &listed[TestLink]{page[TestLink]{Items: each(t.Links, func(l *sso.TestLink) TestLink {
		return TestLink{ID: string(l.ID), CreatedAt: l.CreatedAt.UTC(), ExpiresAt: l.ExpiresAt.UTC()}
	})}}, nil
}

func (h *Handler) createTestLink(c *call, in *struct {
	InConnection
	Body NewTestLink
}) (*created[MadeTestLink], error) {
	who, p, err := c.at(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	token, err := h.Connect.CreateTestLink(c.ctx(), who, p.ID, in.Connection, which(in.Body.Settings), in.Body.Days)
	if err != nil {
		return nil, err
	}
	return &created[MadeTestLink]{Location: under(&p.Organization, "connections", in.Connection, "test-links"), Body: MadeTestLink{Path: "/test/" + token.Reveal()}}, nil
}

func (h *Handler) revokeTestLink(c *call, in *struct {
	InConnection
	TestLink string `path:"testlink" doc:"ID of the link" maxLength:"64"`
}) (*done, error) {
	who, p, err := c.at(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	return nil, h.Connect.RevokeTestLink(c.ctx(), who, p.ID, in.Connection, sso.TestLinkID(in.TestLink))
}
