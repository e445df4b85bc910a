package signin

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Lines of a test's verdict list beside those of package saml.
const (
	lineSubject    = "ident.subject"
	lineEmail      = "ident.email"
	lineFirstName  = "ident.first_name"
	lineLastName   = "ident.last_name"
	lineUsername   = "ident.username"
	lineGroups     = "ident.groups"
	lineDomain     = "ident.domain"
	linePerson     = "ident.person"
	lineRole       = "ident.role"
	lineSigned     = "advice.signed"
	lineEncrypted  = "advice.encrypted"
	lineNameID     = "advice.nameid_format"
	lineClock      = "advice.clock"
	lineExpiry     = "advice.certificate"
	lineMFA        = "advice.mfa"
	lineLogout     = "advice.session_index"
	verdictPass    = "pass"
	verdictFail    = "fail"
	verdictWarn    = "warn"
	verdictSkip    = "skip"
	expiryWarning  = 30 * 24 * time.Hour // before a certificate of the identity provider ends
	clockTolerance = 30 * time.Second    // by which a clock may differ before it is said
)

// examination looks at a verified assertion as a sign-in would, without doing
// anything.
type examination struct {
	*judgement
	test      *sso.Test
	assertion *saml.Assertion
}

func (x *examination) line(rule, verdict, want, got string) {
	x.test.Result.Checks = append(x.test.Result.Checks, sso.Check{Rule: rule, Verdict: verdict, Want: want, Got: got})
}

// run writes the lines and returns why the person would be refused.
func (x *examination) run(a *sso.Attempt) error {
	r := &x.test.Result
	r.NameID, r.Format, r.Attributes = x.assertion.NameID.Value, x.assertion.NameID.Format, attributes(x.assertion)
	x.advise()
	asserted, err := x.connection.Attributes.Map(x.assertion.SubjectKey(), x.assertion.NameID.Value, r.Attributes)
	if err != nil {
		f, ok := errors.AsType[*fault.Error](err)
		if !ok {
			return err
		}
		line := lineEmail
		if f.Code == "ident_subject_missing" {
			line = lineSubject
		}
		x.line(line, verdictFail, f.Want, f.Got)
		return err
	}
	x.test.Subject = asserted.Subject
	r.Email, r.FirstName, r.LastName, r.Username, r.Groups = asserted.Email.String(), asserted.FirstName, asserted.LastName, asserted.Username, asserted.Groups
	x.line(lineSubject, verdictPass, "", r.NameID)
	x.attribute(lineEmail, verdictFail, r.Email)
	x.attribute(lineFirstName, verdictWarn, r.FirstName)
	x.attribute(lineLastName, verdictWarn, r.LastName)
	x.attribute(lineUsername, verdictSkip, r.Username)
	if asserted.Unsent {
		x.line(lineGroups, verdictWarn, "", unsentGroups)
	} else {
		x.attribute(lineGroups, verdictSkip, strings.Join(r.Groups, ", "))
	}
	return x.person(a, asserted.Email)
}

// attribute says whether something was sent.
func (x *examination) attribute(line, without, got string) {
	if got == "" {
		x.line(line, without, "", "")
		return
	}
	x.line(line, verdictPass, "", got)
}

// person asks as whom a sign-in would be, as a sign-in asks.
func (x *examination) person(a *sso.Attempt, e sso.Email) error {
	p, err := x.meets(a)
	f, refused := errors.AsType[*fault.Error](err)
	if err != nil && !refused {
		return err
	}
	if refused && f.Code == "ident_domain" {
		// Whoever sets up need not wait for DNS before they try.
		d, err := x.tx.Org(x.connection.Org).Domain(x.ctx, e.Domain())
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if err == nil && d.State == sso.DomainInReview {
			x.line(lineDomain, verdictWarn, string(sso.DomainVerified), e.Domain()+": "+string(d.State))
			x.line(linePerson, verdictSkip, "", "")
			return nil
		}
		x.line(lineDomain, verdictFail, f.Want, f.Got)
		x.line(linePerson, verdictSkip, "", "")
		return f
	}
	x.line(lineDomain, verdictPass, "", e.Domain())
	if refused {
		x.test.Result.Checks = append(x.test.Result.Checks, sso.Check{Rule: linePerson, About: f.Code, Verdict: verdictFail, Want: f.Want, Got: f.Got})
		return f
	}
	x.test.Result.Act = p.decision.Act
	x.test.Result.Checks = append(x.test.Result.Checks, sso.Check{Rule: linePerson, About: string(p.decision.Act), Verdict: verdictPass, Got: p.decision.User.Name()})
	if len(p.decision.Memberships) > 0 {
		m := p.decision.Memberships[0]
		x.line(lineRole, verdictPass, "", strings.Join(append([]string{string(m.Role)}, m.Groups...), ", "))
	}
	return p.following(func(f *sso.Following) error {
		x.test.Result.Checks = append(x.test.Result.Checks, f.Reason.Check())
		return nil
	})
}

// advise says what is good to know and refuses nobody.
func (x *examination) advise() {
	c, a := &x.connection, x.assertion
	var signed []string
	if a.Signed.Response {
		signed = append(signed, "Response")
	}
	if a.Signed.Assertion {
		signed = append(signed, "Assertion")
	}
	x.line(lineSigned, verdictPass, "", strings.Join(signed, ", "))
	x.line(lineEncrypted, verdictPass, "", encrypted(a))
	x.nameID()
	if d := a.IssueInstant.Sub(x.now).Abs(); d > clockTolerance {
		x.line(lineClock, verdictWarn, clockTolerance.String(), d.Round(time.Second).String())
	} else {
		x.line(lineClock, verdictPass, clockTolerance.String(), d.Round(time.Second).String())
	}
	x.expiry()
	if amr := methodsOf(a); len(amr) > 1 {
		x.line(lineMFA, verdictPass, "", strings.Join(amr, ", "))
	} else {
		x.line(lineMFA, verdictSkip, "", a.AuthnContext)
	}
	switch {
	case a.SessionIndex != "":
		x.line(lineLogout, verdictPass, "", a.SessionIndex)
	case c.SAML.Logout:
		x.line(lineLogout, verdictWarn, "SessionIndex", "")
	default:
		x.line(lineLogout, verdictSkip, "", "")
	}
}

func encrypted(a *saml.Assertion) string {
	for _, c := range a.Checks {
		if c.Rule == saml.EncAlg && c.Verdict == saml.Pass {
			return c.Got
		}
	}
	return ""
}

// nameID says whether the name is one that stays.
func (x *examination) nameID() {
	format := x.assertion.NameID.Format
	switch {
	case x.connection.Attributes.Subject != "":
		x.line(lineNameID, verdictPass, "", x.connection.Attributes.Subject)
	case format == saml.FormatPersistent:
		x.line(lineNameID, verdictPass, "", format)
	case format == saml.FormatEmail || strings.Contains(x.assertion.NameID.Value, "@"):
		x.line(lineNameID, verdictWarn, saml.FormatPersistent, format)
	default:
		x.line(lineNameID, verdictPass, "", format)
	}
}

// expiry says how long the first certificate to end is still good. We trust
// keys and not dates, but the identity provider will change it by then.
func (x *examination) expiry() {
	ends, known := x.connection.SAML.Expiry()
	left := ends.Sub(x.now)
	days := strconv.Itoa(int(left / (24 * time.Hour)))
	switch {
	case !known:
		x.line(lineExpiry, verdictSkip, "", "")
	case left < expiryWarning:
		x.line(lineExpiry, verdictWarn, fmt.Sprint(int(expiryWarning/(24*time.Hour))), days)
	default:
		x.line(lineExpiry, verdictPass, "", days)
	}
}
