package grant

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/oidc"
	"github.com/sallyport/sallyport/internal/safehttp"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// How apps are told of ends of sessions.
const (
	noteBatch = 128             // sessions that are looked at in one go
	tellBatch = 64              // notices that are claimed at a time
	tellTime  = 5 * time.Second // that an app has for an answer
	tellApps  = 8               // that are called at once
	tellLanes = 4               // calls to one app at once
	// tellLease is longer than all notices of one app may take: the first one
	// that gets no answer ends the turn of that app.
	tellLease = tellBatch/tellLanes*tellTime + time.Minute
	maxDetail = 500 // octets kept of what an app says
)

// backChannelRefused is the status by which an app says that it has understood,
// and will not [BackChannel 2.8].
const backChannelRefused = 400

// tellAgain is how long to wait before a notice is tried again, after each try;
// after the last of these, always as long.
var tellAgain = [...]time.Duration{5 * time.Second, 20 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour}

// TellApps tells apps by the back channel of sessions that are over
// [BackChannel 2.5], and returns how much there was to do: while that is not 0
// there may be more. Any number of nodes may call it at once; what fails is tried
// again for [store.LogoutNoticeWorth].
func (s *Service) TellApps(ctx context.Context) (int64, error) {
	now := s.Now()
	due := false
	err := s.DB.Read(ctx, func(r *store.Reader) (err error) {
		due, err = r.LogoutNoticesDue(ctx, now)
		return err
	})
	if err != nil || !due {
		return 0, err
	}
	var noted int64
	var claimed []store.LogoutNotice
	apps := map[sso.AppID]sso.App{}
	err = s.DB.Write(ctx, func(tx *store.Writer) (err error) {
		clear(apps)
		if noted, err = tx.NoteEnds(ctx, now, noteBatch); err != nil {
			return err
		}
		if err := tx.ExpireLogoutNotices(ctx, now, (&fault.Error{Code: "backchannel_expired"}).Code); err != nil {
			return err
		}
		if claimed, err = tx.ClaimLogoutNotices(ctx, now, now.Add(tellLease), tellBatch); err != nil {
			return err
		}
		for i := range claimed {
			if id := claimed[i].App; apps[id].ID == "" {
				if apps[id], err = tx.App(ctx, id); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("looking whom to tell of logouts: %w", err)
	}
	return noted + int64(len(claimed)), s.tell(ctx, apps, claimed)
}

// tell tells each app what there is for it, several apps at once: one that does
// not answer holds up nobody else.
func (s *Service) tell(ctx context.Context, apps map[sso.AppID]sso.App, claimed []store.LogoutNotice) error {
	turns := map[sso.AppID][]store.LogoutNotice{}
	for _, n := range claimed {
		turns[n.App] = append(turns[n.App], n)
	}
	var all sync.WaitGroup
	var mu sync.Mutex
	var failures []error
	slots := make(chan struct{}, tellApps)
	for id, notices := range turns {
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			app := apps[id]
			if err := fault.Guard(func() error { return s.tellApp(ctx, &app, notices) }); err != nil {
				mu.Lock()
				defer mu.Unlock()
				failures = append(failures, err)
			}
		})
	}
	all.Wait()
	return errors.Join(failures...)
}

// tellApp tells one app, by several calls at once. As soon as it cannot be
// reached, what is left of its turn counts as tried.
func (s *Service) tellApp(ctx context.Context, app *sso.App, notices []store.LogoutNotice) error {
	var silent atomic.Pointer[fault.Error]
	var failures [tellLanes]error
	var all sync.WaitGroup
	for lane := range tellLanes {
		all.Go(func() {
			for i := lane; i < len(notices) && failures[lane] == nil; i += tellLanes {
				failures[lane] = fault.Guard(func() error {
					failure := silent.Load()
					if failure == nil {
						failure = s.tellOne(ctx, app, &notices[i])
					}
					if failure != nil && failure.Code == "backchannel_failed" {
						silent.Store(failure)
					}
					return s.settleNotice(ctx, notices[i], failure)
				})
			}
		})
	}
	all.Wait()
	return errors.Join(failures[:]...)
}

// tellOne calls an app. A fault of kind Denied is final.
func (s *Service) tellOne(ctx context.Context, app *sso.App, n *store.LogoutNotice) *fault.Error {
	if app.BackchannelLogoutURI == "" {
		return &fault.Error{Kind: fault.Denied, Code: "backchannel_unset", Fix: fault.OperatorSide}
	}
	token, err := s.logoutToken(ctx, app, n)
	if err != nil {
		return &fault.Error{Kind: fault.Unavailable, Code: "backchannel_failed", Err: err}
	}
	limited, cancel := context.WithTimeout(ctx, tellTime)
	defer cancel()
	answer, err := s.Call(limited, safehttp.Request{
		Method: "POST", URL: app.BackchannelLogoutURI, Header: map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Cache-Control": "no-store"},
		Body: []byte(url.Values{"logout_token": {token}}.Encode()),
	})
	switch {
	case err != nil:
		return &fault.Error{Kind: fault.Unavailable, Code: "backchannel_failed", Got: err.Error(), Fix: fault.AppSide, Err: err}
	case answer.OK():
		return nil
	case answer.Status == backChannelRefused:
		return &fault.Error{Kind: fault.Denied, Code: "backchannel_refused", Want: "200", Got: said(&answer), Fix: fault.AppSide}
	default:
		return &fault.Error{Kind: fault.Unavailable, Code: "backchannel_status", Want: "200", Got: said(&answer), Fix: fault.AppSide}
	}
}

// said is what an app has answered, for who looks into it.
func said(a *safehttp.Answer) string {
	text := strings.ToValidUTF8(string(a.Body[:min(len(a.Body), maxDetail)]), "")
	return strings.TrimSpace(fmt.Sprintf("%d %s", a.Status, text))
}

// logoutToken makes the token of one try: it is good for two minutes, and taken
// once.
func (s *Service) logoutToken(ctx context.Context, app *sso.App, n *store.LogoutNotice) (string, error) {
	key, err := s.signer(ctx, app)
	if err != nil {
		return "", err
	}
	return oidc.LogoutToken{
		ID: oidc.NewLogoutTokenID(), Issuer: s.Issuer, Audience: app.ClientID, IssuedAt: s.Now(), Subject: string(n.User), SessionID: string(n.SID),
	}.Sign(key)
}

// settleNotice writes down how a try has ended, even where the server is about
// to stop: what was said must not be said again.
func (s *Service) settleNotice(ctx context.Context, n store.LogoutNotice, failure *fault.Error) error {
	now := s.Now()
	n.State, n.Code, n.Detail, n.DoneAt = store.MessageSent, "", "", now
	if failure != nil {
		n.State, n.Code, n.Detail = store.MessageDead, failure.Code, failure.Got[:min(len(failure.Got), maxDetail)]
		n.DueAt = now.Add(tellAgain[min(int(n.Tries)-1, len(tellAgain)-1)])
		if failure.Kind != fault.Denied && n.DueAt.Before(n.ExpiresAt) {
			n.State, n.DoneAt = store.MessageWaiting, time.Time{}
		}
	}
	after := context.WithoutCancel(ctx)
	err := s.DB.Write(after, func(tx *store.Writer) error { return tx.SettleLogoutNotice(after, n) })
	if errors.Is(err, store.ErrNotFound) { // another node has it, or the app is gone
		return nil
	}
	return err
}
