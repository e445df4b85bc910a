package sso_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
)

func TestPolicyAdmits(t *testing.T) {
	t.Parallel()
	required := sso.Policy{SSO: sso.SSORequired, Exempt: []string{"root@acme.example"}}
	office := sso.Policy{IPAllow: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8::/32")}}
	for name, tc := range map[string]struct {
		policy sso.Policy
		entry  sso.Entry
		code   string
	}{
		"no demand":                         {sso.Policy{}, sso.Entry{Method: sso.ByPassword}, ""},
		"SSO where it is required":          {required, sso.Entry{Method: sso.BySSO}, ""},
		"a password where SSO is required":  {required, sso.Entry{Method: sso.ByPassword, Email: email(t, "a@acme.example")}, "policy_sso_required"},
		"a password without an address":     {required, sso.Entry{Method: sso.ByPassword}, "policy_sso_required"},
		"the exempt":                        {required, sso.Entry{Method: sso.ByPassword, Email: email(t, "Root@acme.example")}, ""},
		"an owner outside the domains":      {required, sso.Entry{Method: sso.ByPassword, Email: email(t, "a@else.example"), Outside: true}, ""},
		"a passkey where SSO is required":   {required, sso.Entry{Method: sso.ByPasskey, Email: email(t, "a@acme.example")}, "policy_sso_required"},
		"a passkey of the exempt":           {required, sso.Entry{Method: sso.ByPasskey, Email: email(t, "root@acme.example")}, ""},
		"from the office":                   {office, sso.Entry{Method: sso.BySSO, Address: netip.MustParseAddr("192.0.2.9")}, ""},
		"from the office, as IPv6":          {office, sso.Entry{Method: sso.BySSO, Address: netip.MustParseAddr("::ffff:192.0.2.9")}, ""},
		"from the office, with a zone":      {office, sso.Entry{Method: sso.BySSO, Address: netip.MustParseAddr("2001:db8::1%eth0")}, ""},
		"from elsewhere":                    {office, sso.Entry{Method: sso.BySSO, Address: netip.MustParseAddr("192.0.3.9")}, "policy_address"},
		"from nowhere":                      {office, sso.Entry{Method: sso.BySSO}, "policy_address"},
		"a password from elsewhere":         {office, sso.Entry{Method: sso.ByPassword, Address: netip.MustParseAddr("198.51.100.1")}, "policy_address"},
		"required says nothing of optional": {sso.Policy{SSO: sso.SSOOptional}, sso.Entry{Method: sso.ByPassword}, ""},
	} {
		err := tc.policy.Admit(tc.entry)
		if tc.code == "" && err != nil || tc.code != "" && !fault.Is(err, tc.code) {
			t.Errorf("%s: Admit() = %v, want %q", name, err, tc.code)
		}
	}
}

func TestPolicyAdmitsAs(t *testing.T) {
	t.Parallel()
	idle := sso.Policy{InactiveAfter: sso.Duration(24 * 3600)}
	created := now.Add(-48 * time.Hour)
	for name, tc := range map[string]struct {
		policy sso.Policy
		role   sso.Role
		last   time.Time
		cared  time.Time // when an administrator last changed the account
		code   string
	}{
		"here a day ago":                {idle, sso.RoleMember, now.Add(-24 * time.Hour), time.Time{}, ""},
		"here longer ago":               {idle, sso.RoleMember, now.Add(-24*time.Hour - 1), time.Time{}, "user_inactive"},
		"an owner, who may be the last": {idle, sso.RoleOwner, now.Add(-240 * time.Hour), time.Time{}, ""},
		"let in again by somebody":      {idle, sso.RoleMember, now.Add(-240 * time.Hour), now.Add(-time.Hour), ""},
		"never here, created then":      {idle, sso.RoleMember, time.Time{}, time.Time{}, "user_inactive"},
	} {
		err := tc.policy.AdmitAs(tc.role, (&sso.User{CreatedAt: created, LastSignInAt: tc.last, UpdatedAt: tc.cared}).LastActive(), now)
		if tc.code == "" && err != nil || tc.code != "" && !fault.Is(err, tc.code) {
			t.Errorf("%s: AdmitAs() = %v, want %q", name, err, tc.code)
		}
	}
}

func TestFindRoute(t *testing.T) {
	t.Parallel()
	entitled := []sso.Entitlement{sso.EntitledSSO}
	acme := sso.Organization{ID: "org_acme", Path: pathAcme, State: sso.OrgActive, Entitlements: entitled}
	emea := sso.Organization{ID: "org_emea", Path: pathEMEA, State: sso.OrgActive}
	connection := func(id sso.ConnectionID, org sso.OrgID) sso.Connection {
		return sso.Connection{ID: id, Org: org, State: sso.ConnectionActive}
	}
	a, b, own := connection("con_a", "org_acme"), connection("con_b", "org_acme"), connection("con_own", "org_emea")
	claim := &sso.Domain{Org: "org_acme", Connection: "con_b"}
	names := func(c sso.Connection, line ...sso.Organization) *sso.Named {
		c.ID = "con_b"
		return &sso.Named{Connection: c, Lineage: line}
	}
	globex := sso.Organization{ID: "org_globex", Path: pathGlobex, State: sso.OrgActive, Entitlements: entitled}
	off, poor, draft := emea, acme, a
	off.Policy.SSO = sso.SSOOff
	poor.Entitlements = nil
	draft.State = sso.ConnectionDraft
	suspended := acme
	suspended.State = sso.OrgSuspended
	for name, tc := range map[string]struct {
		lineage []sso.Organization
		active  []sso.Connection
		named   *sso.Named
		want    []sso.ConnectionID
	}{
		"nowhere":                                   {nil, nil, nil, nil},
		"no connection":                             {[]sso.Organization{acme}, nil, nil, nil},
		"the one connection":                        {[]sso.Organization{acme}, []sso.Connection{a}, nil, []sso.ConnectionID{"con_a"}},
		"two to choose from":                        {[]sso.Organization{acme}, []sso.Connection{a, b}, nil, []sso.ConnectionID{"con_a", "con_b"}},
		"the one that the domain names":             {[]sso.Organization{acme}, []sso.Connection{a, b}, names(b, acme), []sso.ConnectionID{"con_b"}},
		"the one further down that it names":        {[]sso.Organization{acme}, []sso.Connection{a}, names(own, acme, emea), []sso.ConnectionID{"con_b"}},
		"a draft that it names is passed over":      {[]sso.Organization{acme}, []sso.Connection{a}, names(draft, acme), []sso.ConnectionID{"con_a"}},
		"its own before what the parent's names":    {[]sso.Organization{acme, emea}, []sso.Connection{a, own}, names(b, acme), []sso.ConnectionID{"con_own"}},
		"the ancestor's":                            {[]sso.Organization{acme, emea}, []sso.Connection{a}, nil, []sso.ConnectionID{"con_a"}},
		"its own before the ancestor's":             {[]sso.Organization{acme, emea}, []sso.Connection{a, own}, nil, []sso.ConnectionID{"con_own"}},
		"the ancestor's entitlement counts":         {[]sso.Organization{acme, emea}, []sso.Connection{own}, nil, []sso.ConnectionID{"con_own"}},
		"switched off":                              {[]sso.Organization{acme, off}, []sso.Connection{a}, nil, nil},
		"not entitled":                              {[]sso.Organization{poor}, []sso.Connection{a}, nil, nil},
		"a draft":                                   {[]sso.Organization{acme}, []sso.Connection{draft}, nil, nil},
		"suspended":                                 {[]sso.Organization{suspended}, []sso.Connection{a}, nil, nil},
		"below a suspended one":                     {[]sso.Organization{suspended, emea}, []sso.Connection{own}, nil, nil},
		"a connection of nobody in the line":        {[]sso.Organization{acme}, []sso.Connection{connection("con_x", "org_x")}, nil, nil},
		"a stranger's that it names is passed over": {[]sso.Organization{acme}, []sso.Connection{a}, names(connection("con_x", "org_globex"), globex), []sso.ConnectionID{"con_a"}},
	} {
		got := sso.FindRoute(tc.lineage, tc.active, claim, tc.named)
		if !slices.Equal(got.Connections, tc.want) || (got.Method == sso.BySSO) != (len(tc.want) > 0) {
			t.Errorf("%s: FindRoute() = %+v, want %v", name, got, tc.want)
		}
	}
}

func TestPickOrg(t *testing.T) {
	t.Parallel()
	two := []sso.OrgID{"org_a", "org_b"}
	for name, tc := range map[string]struct {
		candidates       []sso.OrgID
		asked, preferred sso.OrgID
		want             sso.OrgID
		ok               bool
	}{
		"none":                {nil, "", "org_a", "", false},
		"the only one":        {two[:1], "", "org_z", "org_a", true},
		"the preferred one":   {two, "", "org_b", "org_b", true},
		"one must be chosen":  {two, "", "org_z", "", true},
		"the one asked for":   {two, "org_b", "org_a", "org_b", true},
		"asked for another's": {two, "org_z", "org_a", "", false},
	} {
		if got, ok := sso.PickOrg(tc.candidates, tc.asked, tc.preferred); got != tc.want || ok != tc.ok {
			t.Errorf("%s: PickOrg() = %q, %v, want %q, %v", name, got, ok, tc.want, tc.ok)
		}
	}
}

func TestMapReadsTheUsualNames(t *testing.T) {
	t.Parallel()
	one := func(name string, values ...string) sso.Attribute { return sso.Attribute{Name: name, Values: values} }
	for name, tc := range map[string]struct {
		m    sso.AttributeMap
		id   string
		attr []sso.Attribute
		want sso.Asserted
	}{
		"Microsoft's": {sso.AttributeMap{}, "x", []sso.Attribute{
			one("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress", "Alice@acme.example"),
			one("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname", "Alice"),
			one("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname", "Archer"),
			one("http://schemas.microsoft.com/ws/2008/06/identity/claims/groups", "g1", "g2", "g1"),
		}, sso.Asserted{Subject: "s", Email: email(t, "Alice@acme.example"), FirstName: "Alice", LastName: "Archer", Groups: []string{"g1", "g2"}}},
		"the address in the NameID":                          {sso.AttributeMap{}, "alice@acme.example", nil, sso.Asserted{Subject: "s", Email: email(t, "alice@acme.example")}},
		"a NameID that is none":                              {sso.AttributeMap{}, "alice", nil, sso.Asserted{Subject: "s"}},
		"no address where the chosen attribute is not there": {sso.AttributeMap{Email: "work"}, "alice@acme.example", []sso.Attribute{one("mail", "a@acme.example")}, sso.Asserted{Subject: "s"}},
		"chosen names":                                       {sso.AttributeMap{Subject: "oid", Email: "work", Username: "login"}, "x", []sso.Attribute{one("oid", "42"), one("work", " a@acme.example "), one("mail", "b@acme.example"), one("login", "al")}, sso.Asserted{Subject: "attribute:42", Email: email(t, "a@acme.example"), Username: "al"}},
		"the same value twice":                               {sso.AttributeMap{}, "x", []sso.Attribute{one("mail", "a@acme.example", "a@acme.example")}, sso.Asserted{Subject: "s", Email: email(t, "a@acme.example")}},
		"a username with @":                                  {sso.AttributeMap{}, "x", []sso.Attribute{one("uid", "a@acme.example")}, sso.Asserted{Subject: "s"}},
		"names in other capitals":                            {sso.AttributeMap{}, "x", []sso.Attribute{one("E-Mail", "a@acme.example"), one("FirstName", "Alice"), one("User.LastName", "Archer"), one("MemberOf", "g1")}, sso.Asserted{Subject: "s", Email: email(t, "a@acme.example"), FirstName: "Alice", LastName: "Archer", Groups: []string{"g1"}}},
		"a chosen name in other capitals":                    {sso.AttributeMap{Email: "Work"}, "x", []sso.Attribute{one("work", "a@acme.example")}, sso.Asserted{Subject: "s"}},
		"a name full of tricks":                              {sso.AttributeMap{}, "x", []sso.Attribute{one("givenName", "\u202eA\x00l\tice  B \n")}, sso.Asserted{Subject: "s", FirstName: "Al ice B"}},
	} {
		got, err := tc.m.Map("s", tc.id, tc.attr)
		if err != nil || got.Subject != tc.want.Subject || got.Email != tc.want.Email || got.FirstName != tc.want.FirstName || got.LastName != tc.want.LastName || got.Username != tc.want.Username || !slices.Equal(got.Groups, tc.want.Groups) {
			t.Errorf("%s: Map() = %+v, %v, want %+v", name, got, err, tc.want)
		}
	}
	for name, tc := range map[string]struct {
		m    sso.AttributeMap
		sub  string
		attr []sso.Attribute
		code string
	}{
		"two addresses": {sso.AttributeMap{}, "s", []sso.Attribute{one("mail", "a@acme.example", "b@acme.example")}, "ident_ambiguous"},
		"two addresses, in two spellings of one name": {sso.AttributeMap{}, "s", []sso.Attribute{one("email", "a@acme.example"), one("Email", "b@acme.example")}, "ident_ambiguous"},
		"an address that is none":                     {sso.AttributeMap{}, "s", []sso.Attribute{one("mail", "a@acme.example,b@acme.example")}, "ident_email"},
		"no subject attribute":                        {sso.AttributeMap{Subject: "oid"}, "s", nil, "ident_subject_missing"},
		"an empty subject":                            {sso.AttributeMap{Subject: "oid"}, "s", []sso.Attribute{one("oid", " ")}, "ident_subject_missing"},
		"two subjects":                                {sso.AttributeMap{Subject: "oid"}, "s", []sso.Attribute{one("oid", "1", "2")}, "ident_ambiguous"},
		"no subject at all":                           {sso.AttributeMap{}, "", nil, "ident_subject_missing"},
		"a subject without end":                       {sso.AttributeMap{}, strings.Repeat("a", sso.MaxSubject+1), nil, "ident_subject_missing"},
	} {
		if _, err := tc.m.Map(tc.sub, "x", tc.attr); !fault.Is(err, tc.code) {
			t.Errorf("%s: Map() = %v, want %s", name, err, tc.code)
		}
	}
}

func TestAttemptNamesItsNextStep(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		a    sso.Attempt
		want sso.Step
	}{
		"nothing known":        {sso.Attempt{}, sso.StepIdentify},
		"a choice":             {sso.Attempt{Choices: []sso.ConnectionID{"con_1", "con_2"}}, sso.StepChoose},
		"a connection":         {sso.Attempt{Connection: "con_1", Method: sso.BySSO}, sso.StepSSO},
		"a password":           {sso.Attempt{Method: sso.ByPassword}, sso.StepPassword},
		"proven, several orgs": {sso.Attempt{Method: sso.ByPassword, Proof: sso.Proof{User: "usr_1"}}, sso.StepOrg},
		"proven":               {sso.Attempt{Connection: "con_1", Proof: sso.Proof{User: "usr_1", Org: "org_1"}}, sso.StepFinish},
		"done":                 {sso.Attempt{Proof: sso.Proof{User: "usr_1", Org: "org_1"}, DoneAt: now}, sso.StepOver},
	} {
		if got := tc.a.Next(); got != tc.want {
			t.Errorf("%s: Next() = %s, want %s", name, got, tc.want)
		}
	}
	browser := secret.NewToken().Hash()
	live := sso.Attempt{Browser: browser, ExpiresAt: now.Add(time.Second)}
	nobodys := sso.Attempt{ExpiresAt: live.ExpiresAt}
	if err := nobodys.Usable(secret.Hash{}, now); !fault.Is(err, "bind_cookie") {
		t.Errorf("Usable() by a browser without a cookie = %v, want bind_cookie", err)
	}
	over, old := live, live
	over.DoneAt, old.ExpiresAt = now, now
	if err := live.Usable(browser, now); err != nil {
		t.Errorf("Usable() = %v", err)
	}
	for code, err := range map[string]error{"bind_cookie": live.Usable(secret.Hash{}, now), "attempt_over": over.Usable(browser, now), "attempt_expired": old.Usable(browser, now)} {
		if !fault.Is(err, code) {
			t.Errorf("Usable() = %v, want %s", err, code)
		}
	}
}

func TestTreeHasNoCircleAndAnEnd(t *testing.T) {
	t.Parallel()
	root := sso.Organization{ID: "org_0"}
	if err := root.Place(nil); err != nil || root.Parent() != "" {
		t.Fatalf("Place(nil) = %v, parent %q", err, root.Parent())
	}
	line := []sso.Organization{root}
	for i := 1; i < sso.MaxTreeDepth; i++ {
		o := sso.Organization{ID: sso.OrgID(rune('0' + i))}
		if err := o.Place(&line[i-1]); err != nil {
			t.Fatalf("level %d: %v", i+1, err)
		}
		line = append(line, o)
	}
	last := line[len(line)-1]
	if !last.Within("org_0") || last.Parent() != line[len(line)-2].ID {
		t.Errorf("the path is %v", last.Path)
	}
	deeper := sso.Organization{ID: "org_deeper"}
	if err := deeper.Place(&last); !fault.Is(err, "organization_depth") {
		t.Errorf("one level more = %v, want organization_depth", err)
	}
	if err := root.Place(&last); !fault.Is(err, "organization_cycle") {
		t.Errorf("below its own child = %v, want organization_cycle", err)
	}
}

func TestAnOrganizationDecidesHowLongSessionsLive(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	policy := func(idle, life time.Duration) sso.Policy {
		return sso.Policy{SessionIdle: sso.DurationOf(idle), SessionLife: sso.DurationOf(life)}
	}
	for name, tc := range map[string]struct {
		rules      sso.Rules
		idle, life time.Duration
	}{
		"nobody says anything":             {sso.Rules{policy(0, 0), policy(0, 0)}, sso.SessionIdle, sso.SessionLife},
		"shorter than is common":           {sso.Rules{policy(time.Hour, day)}, time.Hour, day},
		"longer than is common":            {sso.Rules{policy(30*day, 90*day)}, 30 * day, 90 * day},
		"one of the two":                   {sso.Rules{policy(2*day, 0)}, 2 * day, sso.SessionLife},
		"below, shorter":                   {sso.Rules{policy(30*day, 90*day), policy(time.Hour, 2*day)}, time.Hour, 2 * day},
		"below, longer, which counts not":  {sso.Rules{policy(time.Hour, 2*day), policy(30*day, 90*day)}, time.Hour, 2 * day},
		"below, where above says nothing":  {sso.Rules{policy(0, 0), policy(30*day, 90*day)}, 30 * day, 90 * day},
		"above, where below says nothing":  {sso.Rules{policy(30*day, 90*day), policy(0, 0)}, 30 * day, 90 * day},
		"in each one another, the shorter": {sso.Rules{policy(0, 3*day), policy(day, 0)}, day, 3 * day},
	} {
		if idle, life := tc.rules.SessionLives(); idle != tc.idle || life != tc.life {
			t.Errorf("%s: %v and %v, want %v and %v", name, idle, life, tc.idle, tc.life)
		}
	}
}

// Whom nobody but an identity provider can say to have left comes by it as often
// for an app as for a browser.
func TestOfflineLives(t *testing.T) {
	t.Parallel()
	strict := sso.Policy{SessionIdle: sso.DurationOf(time.Hour), SessionLife: sso.DurationOf(12 * time.Hour)}
	for name, tc := range map[string]struct {
		rules      sso.Rules
		came       sso.Method
		idle, life time.Duration
	}{
		"by a password":            {nil, sso.ByPassword, sso.OfflineIdle, sso.OfflineLife},
		"by an identity provider":  {nil, sso.BySSO, sso.OfflineIdle, sso.SessionLife},
		"as the organization says": {sso.Rules{{}, strict}, sso.BySSO, time.Hour, 12 * time.Hour},
		"of local ones too":        {sso.Rules{strict}, sso.ByPassword, time.Hour, 12 * time.Hour},
	} {
		if idle, life := tc.rules.OfflineLives(tc.came); idle != tc.idle || life != tc.life {
			t.Errorf("%s: OfflineLives() = %s, %s, want %s, %s", name, idle, life, tc.idle, tc.life)
		}
	}
}
