package doctor

import (
	"context"
	"errors"

	"github.com/sallyport/sallyport/internal/dnsproof"
	"github.com/sallyport/sallyport/internal/secret"
)

func (e *examination) mail(ctx context.Context) {
	const check = "mail.server"
	if e.Mail == nil {
		e.say(check, Warn, "a mail server", "none is configured: invitations and resets wait", "give --smtp-url and --mail-from")
		return
	}
	if e.MailTo == "" {
		if err := e.Mail.Probe(ctx, e.From); err != nil {
			e.failed(check, "a conversation as far as a recipient", err, mend(err))
			return
		}
		e.fine(check, "takes mail of ours for "+e.From+"; --mail-to sends one")
		return
	}
	id, err := e.Mail.SendTest(ctx, e.MailTo)
	if err != nil {
		e.failed(check, "a letter to "+e.MailTo, err, mend(err))
		return
	}
	e.fine(check, "has taken a letter to "+e.MailTo+": "+id)
}

// mend says what to do about a mail server or gateway, by the code of what it
// said.
func mend(err error) string {
	switch code := codeOf(err); code {
	case "mail_tls":
		return "use smtps:// for TLS from the start, smtp:// for STARTTLS; give --smtp-ca where the certificate is of your own authority"
	case "mail_auth":
		return "look at --smtp-username, --smtp-password-file and --smtp-auth"
	case "mail_sender":
		return "let the mail server allow the sender of --mail-from"
	case "mail_refused", "mail_deferred":
		return "look in the log of the mail server why it does not take mail to this address"
	case "sms_auth":
		return "look at --sms-user, --sms-account and --sms-secret-file"
	case "sms_unreachable":
		return "look whether this machine may reach the gateway, and whether --sms-url is of the region of the account"
	default:
		return "look whether the host and the port of --smtp-url are right and can be reached from this machine"
	}
}

func (e *examination) sms(ctx context.Context) {
	const check = "sms.gateway"
	if e.SMS == nil {
		e.say(check, Skip, "", "none is configured", "")
		return
	}
	switch asked, err := e.SMS.Probe(ctx); {
	case err != nil:
		e.failed(check, "a gateway that knows us", err, mend(err))
	case !asked:
		e.say(check, Skip, "", "the gateway cannot be asked without sending", "")
	default:
		e.fine(check, "knows us")
	}
}

// names looks whether the resolver says what is there and what is not.
func (e *examination) names(ctx context.Context) {
	const want, do = "TXT records of other domains, by which customers prove theirs", "name a recursive resolver with --dns-server, and let this machine reach it by UDP and TCP"
	values, found, err := e.DNS.Texts(ctx, e.DNSName)
	switch {
	case !found.Decides():
		e.failed("dns.txt", want, errors.Join(errors.New(string(found)), err), do)
		return
	case len(values) == 0:
		e.say("dns.txt", Fail, want, "none at "+e.DNSName, do)
	default:
		e.fine("dns.txt", e.DNSName+" has them")
	}
	// Of letters and digits that nobody has registered, below a name of which
	// there is nothing else.
	nobody := "sallyport-" + secret.NewReference() + ".invalid"
	values, found, err = e.DNS.Texts(ctx, nobody)
	switch {
	case found == dnsproof.Nothing:
		e.fine("dns.absent", "a name that is not there is not there")
	case len(values) > 0:
		e.say("dns.absent", Fail, "no records at a name that is not there", "an answer for "+nobody, "name a resolver with --dns-server that does not answer for names that are not there")
	default:
		e.failed("dns.absent", "no such name", errors.Join(errors.New(string(found)), err), do)
	}
}
