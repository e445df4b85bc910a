package connect

import (
	"context"
	"errors"
	"net/url"
	"sync"
	"time"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/backoff"
	"github.com/sallyport/sallyport/internal/dnsproof"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/notify"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// How many claims one batch looks at, and how many at the same time.
const (
	checkBatch  = 32
	checkAtOnce = 8
)

// seen is what was seen in the DNS, outside any transaction, of a claim and of
// the claim that stands in its way.
type seen struct {
	claim  sso.Domain
	found  sso.DomainLook
	holder *sso.Domain // nil: none that is proved by DNS
	held   sso.DomainLook
}

// CheckDomain looks in the DNS for the record of a claim, because somebody asks
// for it, and returns what has come of it.
func (s *Service) CheckDomain(ctx context.Context, who *authority.Who, p *authority.Place, name string) (sso.Domain, error) {
	if err := s.Limits.Allow(ctx, backoff.Looks(p.ID)); err != nil {
		return sso.Domain{}, err
	}
	var claim sso.Domain
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		var err error
		claim, err = domainOf(ctx, r, p.ID, name)
		return err
	})
	if err != nil {
		return claim, err
	}
	err = s.settled(ctx, &claim, func(saw *seen) error {
		return s.Authority.Change(ctx, who, p.ID, authority.Domains, func(a *authority.Act) error {
			if err := a.Granted(); err != nil {
				return err
			}
			claim, err = domainOf(ctx, a.Tx.Reader, p.ID, name)
			if err != nil {
				return err
			}
			t := turning{ctx: ctx, service: s, tx: a.Tx, now: a.Now, act: a}
			return t.settle(saw, &claim)
		})
	})
	return claim, err
}

// CheckDomains looks at claims whose time has come, and returns how many those
// were. A claim that cannot be settled waits for its next turn.
func (s *Service) CheckDomains(ctx context.Context) (int64, error) {
	var due []sso.Domain
	err := s.DB.Read(ctx, func(r *store.Reader) (err error) {
		due, err = r.DomainsDue(ctx, s.Now(), checkBatch)
		return err
	})
	if err != nil {
		return 0, err
	}
	errs := make([]error, len(due))
	room := make(chan struct{}, checkAtOnce)
	var all sync.WaitGroup
	for i := range due {
		room <- struct{}{}
		all.Go(func() {
			defer func() { <-room }()
			errs[i] = fault.Guard(func() error { return s.checkDue(ctx, &due[i]) })
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return 0, err
		}
	}
	return int64(len(due)), nil
}

// checkDue looks at one claim in the background.
func (s *Service) checkDue(ctx context.Context, claim *sso.Domain) error {
	return s.settled(ctx, claim, func(saw *seen) error {
		return s.DB.Write(ctx, func(tx *store.Writer) error {
			d, err := tx.Org(claim.Org).Domain(ctx, claim.Name)
			if errors.Is(err, store.ErrNotFound) {
				return nil // withdrawn meanwhile
			}
			if err != nil {
				return err
			}
			t := turning{ctx: ctx, service: s, tx: tx, now: s.Now()}
			return t.settle(saw, &d)
		})
	})
}

// settled looks in the DNS, and has what was seen written down. Where another
// organization's proof comes first meanwhile, it is looked at once more.
func (s *Service) settled(ctx context.Context, claim *sso.Domain, write func(*seen) error) error {
	saw, err := s.see(ctx, claim)
	if err != nil {
		return err
	}
	if err = write(&saw); !store.ConflictOn(err, store.VerifiedDomainName) {
		return err
	}
	if saw, err = s.see(ctx, claim); err != nil {
		return err
	}
	return write(&saw)
}

// see looks for the record of a claim, and for that of the organization that
// has the domain: it must not lose it for what was seen hours ago.
func (s *Service) see(ctx context.Context, claim *sso.Domain) (seen, error) {
	saw := seen{claim: *claim}
	err := s.DB.Read(ctx, func(r *store.Reader) (err error) {
		saw.holder, err = holderOf(ctx, r, claim)
		return err
	})
	if err != nil {
		return saw, err
	}
	saw.found = s.look(ctx, claim)
	if saw.holder != nil && saw.found.Finding == sso.FoundRecord && saw.holder.Proof == sso.ProofDNS {
		saw.held = s.look(ctx, saw.holder)
	} else {
		saw.holder = nil
	}
	return saw, nil
}

// look asks the DNS for the record of a claim.
func (s *Service) look(ctx context.Context, d *sso.Domain) sso.DomainLook {
	a := s.DNS(ctx, dnsproof.Question{Name: d.ProofName(), Value: d.ProofValue(), Elsewhere: d.ProofElsewhere()})
	l := sso.DomainLook{Where: a.At, Values: a.Values}
	switch a.Found {
	case dnsproof.Proof:
		l.Finding = sso.FoundRecord
	case dnsproof.Nothing:
		l.Finding = sso.FoundNothing
	case dnsproof.Other:
		l.Finding = sso.FoundOther
	case dnsproof.Elsewhere:
		l.Finding = sso.FoundElsewhere
	case dnsproof.TimedOut:
		l.Finding = sso.FoundTimeout
	case dnsproof.Misbehaved:
		l.Finding = sso.FoundFailure
	default:
		l.Finding = sso.FoundUnreachable
	}
	return l
}

// turning writes down what was seen, within one transaction.
type turning struct {
	ctx     context.Context
	service *Service
	tx      *store.Writer
	now     time.Time
	act     *authority.Act // of who asked for it; nil: nobody did
}

// settle lets what was seen change a claim, and the one in its way.
func (t *turning) settle(saw *seen, d *sso.Domain) error {
	if !d.CreatedAt.Equal(saw.claim.CreatedAt) {
		return nil // withdrawn and claimed anew meanwhile: another record
	}
	holder, err := holderOf(t.ctx, t.tx.Reader, d)
	if err != nil {
		return err
	}
	if holder != nil && saw.holder != nil && holder.Org == saw.holder.Org && holder.CreatedAt.Equal(saw.holder.CreatedAt) {
		if err := t.turn(holder, saw.held, nil); err != nil {
			return err
		}
		if holder.State != sso.DomainVerified {
			holder = nil
		}
	}
	return t.turn(d, saw.found, holder)
}

// turn lets a look change one claim.
func (t *turning) turn(d *sso.Domain, found sso.DomainLook, holder *sso.Domain) error {
	line, err := t.tx.Lineage(t.ctx, d.Org)
	if err != nil {
		return err
	}
	demanded := d.DemandedBy(line)
	before, held := d.Settings(), sso.Settings(nil)
	if holder != nil {
		held = holder.Settings()
	}
	turn := d.Look(found, holder, demanded, t.now)
	changes := d.Settings().Changed(before)
	if turn == sso.TurnTaken { // first, since only one may be verified
		if err := t.tx.Org(holder.Org).SaveDomain(t.ctx, *holder); err != nil {
			return err
		}
	}
	if err := t.tx.Org(d.Org).SaveDomain(t.ctx, *d); err != nil {
		return err
	}
	switch turn {
	case sso.TurnVerified:
		if err := t.note(d, "domain.verified", nil, changes...); err != nil || t.act != nil {
			return err
		}
		return t.tell(d, line, notify.DomainVerified, demanded)
	case sso.TurnTaken:
		if err := t.note(d, "domain.verified", map[string]string{"taken": "true"}, changes...); err != nil {
			return err
		}
		if err := t.tell(d, line, notify.DomainVerified, false); err != nil {
			return err
		}
		return t.against(holder, "domain.taken", notify.DomainTaken, holder.Settings().Changed(held)...)
	case sso.TurnContested:
		if err := t.note(d, "domain.contested", nil); err != nil {
			return err
		}
		return t.against(holder, "domain.contested", notify.DomainContested)
	case sso.TurnGone:
		if err := t.note(d, "domain.record_missing", map[string]string{"until": d.Ends(demanded).Format(time.RFC3339)}); err != nil {
			return err
		}
		return t.tell(d, line, notify.DomainGone, demanded)
	case sso.TurnBack:
		return t.note(d, "domain.record_back", nil, changes...)
	case sso.TurnLapsed:
		if err := t.note(d, "domain.lapsed", nil, changes...); err != nil {
			return err
		}
		return t.tell(d, line, notify.DomainLapsed, demanded)
	default:
		return nil
	}
}

// against tells those who have a domain, or had it, of another organization's
// record. Who owns it is not theirs to know.
func (t *turning) against(holder *sso.Domain, action string, kind notify.Kind, changes ...sso.Change) error {
	line, err := t.tx.Lineage(t.ctx, holder.Org)
	if err != nil {
		return err
	}
	if err := t.tx.Org(holder.Org).Record(t.ctx, sso.Event{At: t.now, Actor: checkActor, Action: action, Target: holder.Name, Changes: changes}); err != nil {
		return err
	}
	return t.tell(holder, line, kind, false)
}

// checkActor stands in the audit list for what nobody has asked for.
const checkActor = "domain-check"

func (t *turning) note(d *sso.Domain, action string, detail map[string]string, changes ...sso.Change) error {
	if t.act != nil && t.act.ID == d.Org {
		return t.act.Record(action, d.Name, detail, changes...)
	}
	return t.tx.Org(d.Org).Record(t.ctx, sso.Event{At: t.now, Actor: checkActor, Action: action, Target: d.Name, Detail: detail, Changes: changes})
}

// tell writes to the owners of an organization about its domain.
func (t *turning) tell(d *sso.Domain, line []sso.Organization, kind notify.Kind, demanded sso.Demanded) error {
	owners, err := authority.Owners(t.ctx, t.tx.Reader, line)
	if err != nil {
		return err
	}
	org := &line[len(line)-1]
	path := "/console/domains/" + url.PathEscape(d.Name)
	if len(line) > 1 {
		path += "?org=" + url.QueryEscape(org.Key)
	}
	data := map[notify.Gap]string{notify.Domain: d.Spelled(), notify.Organization: org.Name, notify.Link: path}
	if kind == notify.DomainGone {
		data[notify.Until] = notify.Instant(d.Ends(demanded))
	}
	for i := range owners {
		u := &owners[i]
		if u.Email.IsZero() {
			continue
		}
		err := t.service.Outbox.Enqueue(t.ctx, t.tx, notify.Message{
			Channel: notify.Mail, Kind: kind, Org: d.Org, User: u.ID, To: u.Email.String(), Language: u.Language, Data: data,
		})
		if err != nil {
			return err
		}
	}
	return nil
}
