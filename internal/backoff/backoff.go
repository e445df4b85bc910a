// Package backoff bounds how often a thing may be tried.
//
// What is counted stands in the database, so that all nodes agree and a restart
// forgets nothing. A [Key] says what is counted and how much of it is allowed:
// so much at once, and one more each interval. Of any number of tries at the
// same time, no more than that get through.
//
// # Trust
//
// A stranger must not be able to lock somebody out, so the network that a try
// comes from is part of every key that anybody can spend. All that can be
// guessed about an account is counted together, passwords, codes, recovery
// codes and resets: who is stopped at one does not go on at another. [Resets]
// is the exception, and says why it locks nobody out.
package backoff

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// LettersADay is how many mails [Letters] allows.
const LettersADay = 2000

// RecoveriesADay is how many mails [Recoveries] allows.
const RecoveriesADay = 20_000

// pace is how much is allowed: burst at once, and then one more each interval.
type pace struct {
	burst    int
	interval time.Duration
}

// The paces.
var (
	accountPace = pace{10, 30 * time.Second}
	networkPace = pace{200, 2 * time.Second}
	secondPace  = pace{20, 2 * time.Minute}
	messagePace = pace{6, 5 * time.Minute}
	resetPace   = pace{5, 20 * time.Minute}
	lookPace    = pace{20, 15 * time.Second}
	fetchPace   = pace{20, 15 * time.Second}
	testPace    = pace{60, 30 * time.Second}
	tilePace    = pace{4, 20 * time.Second}
	tilesPace   = pace{300, time.Second}
	devicePace  = pace{30, 10 * time.Second}
	pushPace    = pace{300, time.Second}
	entryPace   = pace{3, time.Hour}
	replayPace  = pace{20, time.Minute}
	guessPace   = pace{10, 30 * time.Second}
	signOnPace  = pace{30, 20 * time.Second}
	recoverPace = pace{RecoveriesADay, 24 * time.Hour / RecoveriesADay}
	letterPace  = pace{LettersADay, 24 * time.Hour / LettersADay}
)

// Networks are told apart by these prefixes.
const (
	prefix4 = 24
	prefix6 = 48
)

// Key is what is counted.
type Key struct {
	pace pace
	what string
	user sso.UserID
}

// Account counts what is tried at a user's account from one network.
func Account(user sso.UserID, from netip.Addr) Key {
	return Key{accountPace, "account\x00" + string(user) + "\x00" + network(from), user}
}

// Name counts what is tried at a name from one network, whether it is
// anybody's or not, so that the answer does not tell. user is whose it is, ""
// where it is nobody's: unlocking the account unlocks its names.
func Name(name string, user sso.UserID, from netip.Addr) Key {
	return Key{accountPace, "name\x00" + name + "\x00" + network(from), user}
}

// Network counts what is tried at all accounts from one network.
func Network(from netip.Addr) Key { return Key{networkPace, "network\x00" + network(from), ""} }

// SecondFactor counts guesses at a user's second factor from anywhere. They
// can be made only by who has given the first one, so no stranger spends them;
// and six digits do not withstand guesses from a thousand networks.
func SecondFactor(user sso.UserID) Key {
	return Key{secondPace, "second\x00" + string(user), user}
}

// Messages counts what is sent to a user because somebody asked for it.
func Messages(user sso.UserID) Key { return Key{messagePace, "messages\x00" + string(user), user} }

// Resets counts mails to a user that lead back into their account, whoever
// asked, from wherever: a thousand networks fill no mailbox. Strangers can spend
// them. Yet whoever gets no more of them got one within the interval, which is
// shorter than the life of the link in it: they have a way back in their mailbox.
func Resets(user sso.UserID) Key { return Key{resetPace, "resets\x00" + string(user), user} }

// Looks counts looks in the DNS that somebody of an organization asks for.
func Looks(org sso.OrgID) Key { return Key{lookPace, "looks\x00" + string(org), ""} }

// Fetches counts what somebody of an organization has us read from an address
// that they name: it is megabytes for us to go through, and a call to somebody
// who did not ask for it.
func Fetches(org sso.OrgID) Key { return Key{fetchPace, "fetches\x00" + string(org), ""} }

// Tests counts tests of a connection that begin in one network: each is kept for
// months, and whoever has a test link begins them without a name.
func Tests(c sso.ConnectionID, from netip.Addr) Key {
	return Key{testPace, "tests\x00" + string(c) + "\x00" + network(from), ""}
}

// Tiles counts sign-ins that begin in one browser because an identity provider
// has sent it without our asking: one that answers every request so would lead
// around in a circle.
func Tiles(c sso.ConnectionID, browser secret.Hash) Key {
	return Key{tilePace, "tile\x00" + string(c) + "\x00" + string(browser[:]), ""}
}

// TilesOf counts such sign-ins from one network: a browser that keeps no cookie
// is another one each time.
func TilesOf(c sso.ConnectionID, from netip.Addr) Key {
	return Key{tilesPace, "tiles\x00" + string(c) + "\x00" + network(from), ""}
}

// DeviceCodes counts codes that an app gets for devices in one network: whoever
// says that they are a public app gets them without a name.
func DeviceCodes(app sso.AppID, from netip.Addr) Key {
	return Key{devicePace, "devices\x00" + string(app) + "\x00" + network(from), ""}
}

// Pushes counts authorize requests that somebody in one network pushes who only
// says that they are a public app. A whole customer may stand behind one address.
func Pushes(app sso.AppID, from netip.Addr) Key {
	return Key{pushPace, "pushes\x00" + string(app) + "\x00" + network(from), ""}
}

// Entries counts how often it is written down that an app does not let somebody
// in, who may try again and again.
func Entries(app sso.AppID, user sso.UserID) Key {
	return Key{entryPace, "entries\x00" + string(app) + "\x00" + string(user), user}
}

// Replays counts how often a webhook is told again of what it was told.
func Replays(hook sso.WebhookID) Key { return Key{replayPace, "replays\x00" + string(hook), ""} }

// StreamTests counts how often a stream is tried: whoever waits for the answer
// holds a connection of ours, and the receiver has other work.
func StreamTests(id sso.StreamID) Key {
	return Key{replayPace, "streamtests\x00" + string(id), ""}
}

// DeviceGuesses counts codes of devices that somebody types who is signed in. No
// stranger spends them.
func DeviceGuesses(user sso.UserID) Key { return Key{guessPace, "device\x00" + string(user), ""} }

// SignOns counts sign-on URLs of no organization that somebody in one network
// asks for. Whoever spends them locks nobody out: the general page is there for
// all.
func SignOns(from netip.Addr) Key { return Key{signOnPace, "signons\x00" + network(from), ""} }

// Letters counts mails that an organization, or one below the same root, has us
// send to addresses that it names: whoever has got hold of a customer's console
// must not write to the world in our name. root is the root of its tree, for
// else every organization below brought an allowance of its own.
func Letters(root sso.OrgID) Key { return Key{letterPace, "letters\x00" + string(root), ""} }

// Recoveries counts mails by which the people of an organization, or of one below
// the same root, get back to credentials of their own, all together. They go to
// addresses that the people have and not to any that somebody names, so there
// may be more of them.
func Recoveries(root sso.OrgID) Key { return Key{recoverPace, "recoveries\x00" + string(root), ""} }

// network returns the network of an address; an unknown address is a network
// of its own.
func network(a netip.Addr) string {
	a = a.Unmap().WithZone("")
	bits := prefix4
	if a.Is6() {
		bits = prefix6
	}
	n, _ := a.Prefix(bits)
	return n.String()
}

// hash is the form in which a key is stored: what people type as their name is
// a password now and then.
func (k Key) hash() secret.Hash { return secret.HashOf([]byte("try\x00" + k.what)) }

// Limiter counts. Its fields are set once, before it is used; it is safe for
// concurrent use.
type Limiter struct {
	DB  *store.DB
	Now func() time.Time
}

// Allow counts one try for all of the keys, or for none of them and returns
// the fault try_later, which says in Want from when there is one more. It has
// a transaction of its own: a try counts also where what it is for fails.
func (l Limiter) Allow(ctx context.Context, keys ...Key) error {
	ctx = store.Aside(ctx) // a try is no effect of what is tried
	err := l.DB.Write(ctx, func(tx *store.Writer) error {
		for _, k := range keys {
			if err := l.Within(ctx, tx, k); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("asking whether to try: %w", err)
	}
	return nil
}

// Within counts one try within the transaction of what it is for, or returns the
// fault of [Limiter.Allow]. A try that fails does not count.
func (l Limiter) Within(ctx context.Context, tx *store.Writer, k Key) error {
	now := l.Now()
	wait, err := k.take(ctx, tx, now)
	if err != nil || wait.IsZero() {
		return err
	}
	return &fault.Error{
		Kind: fault.Exhausted, Code: "try_later", Want: "from " + wait.UTC().Format(time.RFC3339), Got: "a try at " + now.UTC().Format(time.RFC3339),
		Fix: fault.PersonSide,
	}
}

// Take counts one try within the transaction of what it is for, where nobody
// waits for an answer, and reports whether there was one left.
func (l Limiter) Take(ctx context.Context, tx *store.Writer, k Key) (bool, error) {
	wait, err := k.take(ctx, tx, l.Now())
	return err == nil && wait.IsZero(), err
}

// Letter takes one of the mails of [Letters] within the transaction that sends
// it, or refuses it.
func (l Limiter) Letter(ctx context.Context, tx *store.Writer, root sso.OrgID) error {
	left, err := l.Take(ctx, tx, Letters(root))
	if err == nil && !left {
		err = &fault.Error{Kind: fault.Exhausted, Code: "mail_budget", Want: fmt.Sprintf("at most %d mails a day", LettersADay), Fix: fault.PersonSide}
	}
	return err
}

// take counts one try, or returns until when there is none.
func (k Key) take(ctx context.Context, tx *store.Writer, now time.Time) (wait time.Time, err error) {
	return tx.Try(ctx, k.hash(), k.user, k.pace.burst, k.pace.interval, now)
}

// Forget gives back all that was taken of these keys, after a right try.
func (Limiter) Forget(ctx context.Context, tx *store.Writer, keys ...Key) error {
	for _, k := range keys {
		if err := tx.ForgetTry(ctx, k.hash()); err != nil {
			return err
		}
	}
	return nil
}

// GiveBack gives back one try of each of these keys: a right one does not count
// against others who use the same network.
func (Limiter) GiveBack(ctx context.Context, tx *store.Writer, keys ...Key) error {
	for _, k := range keys {
		if err := tx.GiveBackTry(ctx, k.hash(), k.pace.interval); err != nil {
			return err
		}
	}
	return nil
}

// Restore is [Limiter.GiveBack] in a transaction of its own, for what was taken by
// [Limiter.Allow].
func (l Limiter) Restore(ctx context.Context, keys ...Key) error {
	ctx = store.Aside(ctx)
	err := l.DB.Write(ctx, func(tx *store.Writer) error { return l.GiveBack(ctx, tx, keys...) })
	if err != nil {
		return fmt.Errorf("giving tries back: %w", err)
	}
	return nil
}

// Unlock gives back all that was taken of the keys of a user's account,
// wherever it came from.
func (Limiter) Unlock(ctx context.Context, tx *store.Writer, user sso.UserID) error {
	return tx.ForgetTriesAt(ctx, user, secret.Hash{})
}

// UnlockFirst is [Limiter.Unlock] but for the guesses at the second factor. It
// is for who has shown that they read the person's mail: by as many links as
// they like they must not get as many guesses.
func (Limiter) UnlockFirst(ctx context.Context, tx *store.Writer, user sso.UserID) error {
	return tx.ForgetTriesAt(ctx, user, SecondFactor(user).hash())
}
