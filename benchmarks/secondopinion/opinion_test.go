package secondopinion

import (
	"bytes"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
)

// A peer is another implementation.
type peer struct {
	name  string
	judge func(t *testing.T, c claim, cert []byte) (octets, info []byte, err error)

	// stricter are the rules by which we refuse what the peer verifies, and why.
	stricter map[string]string

	// wrong are the cases, by a part of their names, that the peer verifies by
	// mistake, and why. All others must agree about digests and values.
	wrong map[string]string

	// cannot are what the peer does not implement, or not as the standards say.
	cannot []limitation
}

// A limitation is something that a peer refuses and we verify.
type limitation struct {
	why string
	of  func(features) bool
}

// A tally counts what became of all claims.
type tally struct {
	sync.Mutex
	both, neither, unasked  int
	stricter, wrong, cannot map[string]int
}

func compare(t *testing.T, p peer, all []claim) {
	t.Helper()
	count := tally{stricter: map[string]int{}, wrong: map[string]int{}, cannot: map[string]int{}}
	work := make(chan claim)
	var workers sync.WaitGroup
	for range 4 {
		workers.Go(func() {
			for c := range work {
				p.compare(t, c, &count)
			}
		})
	}
	for _, c := range all {
		work <- c
	}
	close(work)
	workers.Wait()

	for rule := range p.stricter {
		if count.stricter[rule] == 0 {
			t.Errorf("%s verifies nothing that we refuse by %s, and the table says so", p.name, rule)
		}
	}
	for name := range p.wrong {
		if count.wrong[name] == 0 {
			t.Errorf("%s does not verify %q, and the table says so", p.name, name)
		}
	}
	for _, l := range p.cannot {
		if count.cannot[l.why] == 0 {
			t.Errorf("%s refuses nothing because %s, and the table says so", p.name, l.why)
		}
	}
	t.Logf("%s: %d signatures verified by both, over the same octets; %d refused by both, %d not asked about", p.name, count.both, count.neither, count.unasked)
	for _, rule := range slices.Sorted(maps.Keys(count.stricter)) {
		t.Logf("%s verifies and we refuse by %s, %d: %s", p.name, rule, count.stricter[rule], p.stricter[rule])
	}
	for _, name := range slices.Sorted(maps.Keys(count.wrong)) {
		t.Logf("%s verifies %q by mistake: %s", p.name, name, p.wrong[name])
	}
	for _, why := range slices.Sorted(maps.Keys(count.cannot)) {
		t.Logf("%s refuses and we verify, %d: %s", p.name, count.cannot[why], why)
	}
}

func (p peer) compare(t *testing.T, c claim, count *tally) {
	t.Helper()
	var octets, info []byte
	var err error
	for _, cert := range c.certs {
		if octets, info, err = p.judge(t, c, cert); err == nil {
			break
		}
	}
	count.Lock()
	defer count.Unlock()
	switch {
	case errors.Is(err, errTooLarge):
		count.unasked++
	case c.code == "" && err == nil:
		count.both++
		if !bytes.Equal(octets, c.octets) {
			t.Errorf("%s: %s digested\n%q\nwe digested\n%q", c, p.name, octets, c.octets)
		}
		if info != nil && !bytes.Equal(info, c.info) {
			t.Errorf("%s: the SignedInfo of %s is\n%q\nours\n%q", c, p.name, info, c.info)
		}
	case c.code == "":
		i := slices.IndexFunc(p.cannot, func(l limitation) bool { return l.of(c.features) })
		if i < 0 {
			t.Errorf("%s: we verify it, and %s does not: %v\n%+v", c, p.name, err, c.features)
			return
		}
		count.cannot[p.cannot[i].why]++
	case err == nil:
		for name := range p.wrong {
			if strings.Contains(c.name, name) {
				count.wrong[name]++
				return
			}
		}
		if p.stricter[c.code] == "" {
			t.Errorf("%s: %s verifies it, and we refuse it by %s\n%s", c, p.name, c.code, c.message)
			return
		}
		count.stricter[c.code]++
	default:
		count.neither++
	}
}
