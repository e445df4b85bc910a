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
	test *sso.Test
	said saml.Said
}

func (x *examination) line(rule, verdict, want, got string) {
	x.test.Result.Checks = append(x.test.Result.Checks, sso.Check{Rule: rule, Verdict: verdict, Want: want, Got: got})
}

// fail adds a line for a fault, by whose code it is explained.
func (x *examination) fail(rule string, f *fault.Error) {
	x.test.Result.Checks = append(x.test.Result.Checks, sso.Check{Rule: rule, About: f.Code, Verdict: verdictFail, Want: f.Want, Got: f.Got})
}

// run writes the lines about an assertion that holds, and returns why the
// person would be refused all the same.
func (x *examination) run(a *sso.Attempt) error {
	asserted, err := x.describe(x.assertion.SubjectKey())
	if err != nil {
		return err
	}
	x.test.Subject = asserted.Subject
	return x.person(a, asserted)
}

// look writes what lines there are about a message that was refused. Whose it
// would be is not said: nobody is proved by it.
func (x *examination) look(a *sso.Attempt) error {
	asserted, err := x.describe(unprovedSubject)
	if _, refused := errors.AsType[*fault.Error](err); refused {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = x.meets(a, asserted)
	f, refused := errors.AsType[*fault.Error](err)
	if err != nil && !refused {
		return err
	}
	if _, err := x.domain(asserted.Email, f); err != nil {
		return err
	}
	x.line(linePerson, verdictSkip, "", "")
	return nil
}

// unprovedSubject is linked to nobody: the keys of subjects have a colon.
const unprovedSubject = "unproved"

// describe writes what is said about the person.
func (x *examination) describe(subject string) (sso.Asserted, error) {
	r := &x.test.Result
	r.NameID, r.Format, r.Attributes = x.said.NameID.Value, x.said.NameID.Format, attributes(x.said.Attributes)
	x.advise()
	asserted, err := x.connection.Attributes.Map(subject, x.said.NameID.Value, r.Attributes)
	if err != nil {
		f, ok := errors.AsType[*fault.Error](err)
		if !ok {
			return sso.Asserted{}, err
		}
		line := lineEmail
		if f.Code == "ident_subject_missing" {
			line = lineSubject
		}
		x.fail(line, f)
		return sso.Asserted{}, err
	}
	r.Email, r.FirstName, r.LastName, r.Username, r.Groups = asserted.Email.String(), asserted.FirstName, asserted.LastName, asserted.Username, asserted.Groups
	x.subject(asserted.Subject)
	if r.Email == "" {
		// Somebody known can do without; whoever cannot is refused below.
		r.Checks = append(r.Checks, sso.Check{Rule: lineEmail, About: "ident_email_missing", Verdict: verdictWarn})
	} else {
		x.line(lineEmail, verdictPass, "", r.Email)
	}
	x.attribute(lineFirstName, verdictWarn, r.FirstName)
	x.attribute(lineLastName, verdictWarn, r.LastName)
	x.attribute(lineUsername, verdictSkip, r.Username)
	if asserted.Unsent {
		x.line(lineGroups, verdictWarn, "", unsentGroups)
	} else {
		x.attribute(lineGroups, verdictSkip, strings.Join(r.Groups, ", "))
	}
	return asserted, nil
}

// subject says by what the person is recognised, and whether that lasts.
func (x *examination) subject(subject string) {
	name, transient := x.said.NameID.Value, x.said.NameID.Format == saml.FormatTransient
	switch {
	case x.connection.Attributes.Subject != "":
		x.line(lineSubject, verdictPass, "", strings.TrimPrefix(subject, "attribute:"))
	case transient && x.assertion != nil: // it is let pass
		x.line(lineSubject, verdictWarn, "an identifier that lasts", name)
	case transient, name == "":
		x.fail(lineSubject, &fault.Error{Code: "saml_nameid", Want: "an identifier that lasts", Got: name})
	default:
		x.line(lineSubject, verdictPass, "", name)
	}
}

// attribute says whether something was sent.
func (x *examination) attribute(line, without, got string) {
	if got == "" {
		x.line(line, without, "", "")
		return
	}
	x.line(line, verdictPass, "", got)
}

// domain says whether the address is in a domain whose people may come, by the
// fault that a sign-in met with, if any. It reports whether that was it and
// stands in no way of a test.
func (x *examination) domain(e sso.Email, f *fault.Error) (waits bool, err error) {
	switch {
	case e.IsZero():
		x.line(lineDomain, verdictSkip, "", "")
		return false, nil
	case f == nil || f.Code != "ident_domain":
		x.line(lineDomain, verdictPass, "", e.Domain())
		return false, nil
	}
	// Whoever sets up need not wait for DNS before they try.
	d, err := x.tx.Org(x.connection.Org).Domain(x.ctx, e.Domain())
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return false, err
	}
	if err == nil && d.State == sso.DomainInReview {
		x.line(lineDomain, verdictWarn, string(sso.DomainVerified), e.Domain()+": "+string(d.State))
		return true, nil
	}
	x.fail(lineDomain, f)
	return false, nil
}

// person asks as whom a sign-in would be, as a sign-in asks.
func (x *examination) person(a *sso.Attempt, asserted sso.Asserted) error {
	p, err := x.meets(a, asserted)
	f, refused := errors.AsType[*fault.Error](err)
	if err != nil && !refused {
		return err
	}
	waits, err := x.domain(asserted.Email, f)
	switch {
	case err != nil:
		return err
	case waits:
		x.line(linePerson, verdictSkip, "", "")
		return nil
	case refused && f.Code == "ident_domain":
		x.line(linePerson, verdictSkip, "", "")
		return f
	case refused:
		x.fail(linePerson, f)
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
	c, a := &x.connection, &x.said
	var signed []string
	if a.Signed.Response {
		signed = append(signed, "Response")
	}
	if a.Signed.Assertion {
		signed = append(signed, "Assertion")
	}
	x.line(lineSigned, verdictPass, "", strings.Join(signed, ", "))
	x.line(lineEncrypted, verdictPass, "", x.encrypted())
	x.nameID()
	verdict := verdictPass
	d := a.IssueInstant.Sub(x.now).Abs()
	if d > clockTolerance {
		verdict = verdictWarn
	}
	x.line(lineClock, verdict, clockTolerance.String(), d.Round(time.Second).String())
	x.expiry()
	if amr := methodsOf(a.Attributes, a.AuthnContext); len(amr) > 1 {
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

// encrypted returns by what the assertion was encrypted, or "".
func (x *examination) encrypted() string {
	for _, c := range x.test.Result.Checks {
		if c.Rule == string(saml.EncAlg) && c.Verdict == verdictPass {
			return c.Got
		}
	}
	return ""
}

// nameID says whether the name is one that stays.
func (x *examination) nameID() {
	format := x.said.NameID.Format
	switch {
	case x.connection.Attributes.Subject != "":
		x.line(lineNameID, verdictPass, "", x.connection.Attributes.Subject)
	case format == saml.FormatPersistent:
		x.line(lineNameID, verdictPass, "", format)
	case format == saml.FormatEmail || strings.Contains(x.said.NameID.Value, "@"):
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
