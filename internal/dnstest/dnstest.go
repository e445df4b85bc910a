// Package dnstest is a DNS server for tests, on loopback: a zone of TXT records
// that a test changes, and the failures that real servers have. It belongs to
// tests alone.
package dnstest

import (
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/miekg/dns"
)

// Failure is how a server fails.
type Failure uint8

// The failures.
const (
	ServFail  Failure = iota + 1 // the answer is SERVFAIL
	Refused                      // the answer is REFUSED
	Silence                      // no answer comes
	Truncated                    // by UDP nothing fits; by TCP all is there
	Garbage                      // what comes is no message
)

// Server answers by UDP and TCP at one address.
type Server struct {
	Address string // host and port

	mu       sync.Mutex
	texts    map[string][][]string
	aliases  map[string]string
	failures map[string]Failure
	asked    map[string]int // by network and name
	lie      string         // that stands at every name that is not there; "": nothing does
}

// Start starts a server that runs until the test ends.
func Start(t testing.TB) *Server {
	t.Helper()
	s := &Server{texts: map[string][][]string{}, aliases: map[string]string{}, failures: map[string]Failure{}, asked: map[string]int{}}
	packets, stream := listen(t)
	s.Address = packets.LocalAddr().String()
	for _, server := range []*dns.Server{{PacketConn: packets, Handler: s}, {Listener: stream, Handler: s}} {
		ready := make(chan struct{})
		server.NotifyStartedFunc = func() { close(ready) }
		done := make(chan error, 1)
		go func() { done <- server.ActivateAndServe() }()
		select {
		case <-ready:
		case err := <-done:
			t.Fatalf("starting the DNS server of the test: %v", err)
		}
		t.Cleanup(func() {
			if err := server.Shutdown(); err != nil {
				t.Errorf("stopping the DNS server of the test: %v", err)
			}
			if err := <-done; err != nil {
				t.Errorf("the DNS server of the test: %v", err)
			}
		})
	}
	return s
}

// listen opens one port for both. Somebody else may have the TCP one of a UDP
// port that is free, so another one is tried.
func listen(t testing.TB) (net.PacketConn, net.Listener) {
	t.Helper()
	var last error
	for range 20 {
		packets, err := new(net.ListenConfig).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
		if err != nil {
			t.Fatalf("opening a port for the DNS server of the test: %v", err)
		}
		stream, err := new(net.ListenConfig).Listen(t.Context(), "tcp", packets.LocalAddr().String())
		if err == nil {
			return packets, stream
		}
		last = err
		if err := packets.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Fatalf("opening a port for the DNS server of the test: %v", last)
	return nil, nil
}

// TXT adds a TXT record, in the strings of which it consists.
func (s *Server) TXT(name string, parts ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.texts[key(name)] = append(s.texts[key(name)], parts)
}

// Clear takes away all that is at a name.
func (s *Server) Clear(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.texts, key(name))
	delete(s.aliases, key(name))
	delete(s.failures, key(name))
}

// Alias makes a name an alias of another one.
func (s *Server) Alias(name, to string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.aliases[key(name)] = dns.Fqdn(to)
}

// Fail makes questions about a name fail.
func (s *Server) Fail(name string, how Failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failures[key(name)] = how
}

// Lie has the server answer for names that are not there, as resolvers do that
// lead everybody to a page of their own.
func (s *Server) Lie(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lie = text
}

// Asked returns how often the server was asked about a name, by "udp" or
// "tcp".
func (s *Server) Asked(network, name string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[network+" "+key(name)]
}

func key(name string) string { return strings.ToLower(dns.Fqdn(name)) }

// ServeDNS implements [dns.Handler]: it answers as a recursive resolver does.
func (s *Server) ServeDNS(w dns.ResponseWriter, r *dns.Msg) {
	m := new(dns.Msg).SetReply(r)
	m.RecursionAvailable = true
	name, network := key(r.Question[0].Name), w.LocalAddr().Network()
	s.mu.Lock()
	failure := s.failures[name]
	s.asked[network+" "+name]++
	known := false
	for range 8 {
		to, ok := s.aliases[name]
		if !ok {
			break
		}
		m.Answer = append(m.Answer, &dns.CNAME{Hdr: header(name, dns.TypeCNAME), Target: to})
		name, known = key(to), true
	}
	for _, parts := range s.texts[name] {
		known = true
		if r.Question[0].Qtype == dns.TypeTXT {
			m.Answer = append(m.Answer, &dns.TXT{Hdr: header(name, dns.TypeTXT), Txt: parts})
		}
	}
	if !known && s.lie != "" {
		m.Answer, known = append(m.Answer, &dns.TXT{Hdr: header(name, dns.TypeTXT), Txt: []string{s.lie}}), true
	}
	s.mu.Unlock()
	if !known {
		m.Rcode = dns.RcodeNameError
	}
	switch failure {
	case ServFail:
		m.Rcode, m.Answer = dns.RcodeServerFailure, nil
	case Refused:
		m.Rcode, m.Answer = dns.RcodeRefused, nil
	case Silence:
		return
	case Garbage:
		_, _ = w.Write([]byte("\x00\x00not a message")) // whoever asked may have gone
		return
	case Truncated:
		if network == "udp" {
			m.Truncated, m.Answer = true, nil
		}
	}
	if network == "udp" {
		size := dns.MinMsgSize
		if o := r.IsEdns0(); o != nil {
			size = int(o.UDPSize())
		}
		m.Truncate(size)
	}
	_ = w.WriteMsg(m) // whoever asked may have gone
}

func header(name string, kind uint16) dns.RR_Header {
	return dns.RR_Header{Name: name, Rrtype: kind, Class: dns.ClassINET, Ttl: 60}
}
