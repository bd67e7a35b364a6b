package callback

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/doorstep-auth/doorstep/shared/secret"
)

// R40: only addresses of the public Internet may be connected to, in whatever form they come.
func TestR40AddressesOfReceivers(t *testing.T) {
	for address, want := range map[string][2]bool{ // in the cloud, on a developer's machine
		"93.184.216.34":                        {true, true},
		"1.1.1.1":                              {true, true},
		"2606:4700:4700::1111":                 {true, true},
		"::ffff:93.184.216.34":                 {true, true},
		"64:ff9b::5db8:d822":                   {true, true}, // NAT64 of 93.184.216.34
		"127.0.0.1":                            {false, true},
		"127.255.0.9":                          {false, true},
		"::1":                                  {false, true},
		"::ffff:127.0.0.1":                     {false, true},
		"169.254.169.254":                      {},
		"::ffff:169.254.169.254":               {},
		"64:ff9b::a9fe:a9fe":                   {}, // NAT64 of 169.254.169.254
		"64:ff9b::7f00:1":                      {},
		"64:ff9b::a00:1":                       {},
		"64:ff9b:1::5db8:d822":                 {}, // a network's own NAT64
		"fd00:ec2::254":                        {},
		"0.0.0.0":                              {},
		"0.1.2.3":                              {},
		"::":                                   {},
		"10.0.0.1":                             {},
		"::ffff:10.0.0.1":                      {},
		"172.16.0.1":                           {},
		"172.31.255.255":                       {},
		"172.32.0.1":                           {true, true},
		"192.168.1.1":                          {},
		"100.64.0.1":                           {},
		"100.127.255.255":                      {},
		"100.128.0.1":                          {true, true},
		"169.254.0.1":                          {},
		"169.254.170.2":                        {}, // credentials of containers
		"192.0.0.192":                          {},
		"192.0.2.1":                            {},
		"192.88.99.1":                          {},
		"198.18.0.1":                           {},
		"198.51.100.1":                         {},
		"203.0.113.1":                          {},
		"224.0.0.1":                            {},
		"239.255.255.250":                      {},
		"240.0.0.1":                            {},
		"255.255.255.255":                      {},
		"fe80::1":                              {},
		"fe80::1%eth0":                         {},
		"fec0::1":                              {},
		"fc00::1":                              {},
		"ff02::1":                              {},
		"::10.0.0.1":                           {}, // the deprecated compatible form
		"100::1":                               {},
		"2001:db8::1":                          {},
		"2001::1":                              {}, // Teredo
		"2002:a00:1::":                         {}, // 6to4 of 10.0.0.1
		"3fff::1":                              {},
		"4000::1":                              {},
		"2a00:1450:4001:82f::200e":             {true, true},
		"0000:0000:0000:0000:0000:ffff:a9fe:1": {},
	} {
		for i, local := range []bool{false, true} {
			network := "tcp4"
			if strings.Contains(address, ":") {
				network = "tcp6"
			}
			err := guard(local)(network, netip.AddrPortFrom(netip.MustParseAddr(address), 443).String(), nil)
			if (err == nil) != want[i] {
				t.Errorf("%s, local %t: %v", address, local, err)
			}
		}
	}
	for _, address := range []string{"", "example.com:443", "127.0.0.1"} {
		if guard(true)("tcp4", address, nil) == nil {
			t.Errorf("%q is let in", address)
		}
	}
	if guard(true)("unix", "127.0.0.1:1", nil) == nil {
		t.Error("another network is let in")
	}
}

// names is a resolver whose answers a test writes; each look-up takes the next, and the last stays.
type names struct {
	mu      sync.Mutex
	answers []string
	asked   int
}

func (n *names) next() netip.Addr {
	n.mu.Lock()
	defer n.mu.Unlock()
	answer := n.answers[min(n.asked, len(n.answers)-1)]
	n.asked++
	return netip.MustParseAddr(answer)
}

func (n *names) count() int { n.mu.Lock(); defer n.mu.Unlock(); return n.asked }

// resolver asks n over a real connection, as the system's would ask a server.
func (n *names) resolver(t *testing.T) *net.Resolver {
	t.Helper()
	server, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	go func() {
		for packet := make([]byte, 512); ; {
			size, from, err := server.ReadFrom(packet)
			if err != nil {
				return
			}
			if answer := n.respond(packet[:size]); answer != nil {
				_, _ = server.WriteTo(answer, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp4", server.LocalAddr().String())
	}}
}

// respond answers a question for A records with the next address, and one for AAAA with none.
func (n *names) respond(packet []byte) []byte {
	var m dnsmessage.Message
	if m.Unpack(packet) != nil || len(m.Questions) != 1 {
		return nil
	}
	q := m.Questions[0]
	m.Response, m.Authoritative, m.Additionals = true, true, nil
	if q.Type == dnsmessage.TypeA {
		m.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, TTL: 0}, Body: &dnsmessage.AResource{A: n.next().As4()},
		}}
	}
	answer, _ := m.Pack()
	return answer
}

// R40: a name that was harmless when somebody looked is judged again by where it leads when it is connected to.
func TestR40RebindingNameLeadsNowhere(t *testing.T) {
	var reached atomic.Int32
	inner := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	defer inner.Close()
	_, port, _ := net.SplitHostPort(inner.Listener.Addr().String())
	for _, inside := range []string{"127.0.0.1", "169.254.169.254", "10.0.0.1", "100.64.0.1", "0.0.0.0"} {
		n := &names{answers: []string{"93.184.216.34", inside}}
		resolver := n.resolver(t)
		found, err := resolver.LookupNetIP(t.Context(), "ip4", "rebind.example.com.")
		if err != nil || !public(found[0]) {
			t.Fatalf("%v, %v: a check of the name alone would not be passed", found, err)
		}
		client := NewClient(ClientOptions{Timeout: 5 * time.Second, Resolver: resolver})
		got := client.post(t.Context(), "http://rebind.example.com.:"+port+"/", message{id: "msg_1", body: []byte("{}")}, ring(t), time.Now())
		if !errors.Is(got.err, errAddress) || got.status != 0 {
			t.Errorf("%s: %+v", inside, got)
		}
		if n.count() < 2 {
			t.Error("the client hasn't looked the name up itself")
		}
	}
	if reached.Load() != 0 {
		t.Errorf("%d requests came through", reached.Load())
	}
}

// R40: literal addresses in the settings are judged as well.
func TestR40LoopbackIsForLocalRuns(t *testing.T) {
	var reached atomic.Int32
	inner := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	defer inner.Close()
	for local, want := range map[bool]int32{false: 0, true: 1} {
		reached.Store(0)
		client := NewClient(ClientOptions{Timeout: 5 * time.Second, Local: local})
		got := client.post(t.Context(), inner.URL, message{id: "msg_1", body: []byte("{}")}, ring(t), time.Now())
		if reached.Load() != want || got.accepted() != local {
			t.Errorf("local %t: %d requests, %+v", local, reached.Load(), got)
		}
	}
}

// R40: a redirect isn't followed, whatever its kind and wherever it leads.
func TestR40RedirectsAreNotFollowed(t *testing.T) {
	var reached atomic.Int32
	inner := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	defer inner.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		outer := httptest.NewServer(http.RedirectHandler(inner.URL, status))
		client := NewClient(ClientOptions{Timeout: 5 * time.Second, Local: true})
		got := client.post(t.Context(), outer.URL, message{id: "msg_1", body: []byte("{}")}, ring(t), time.Now())
		if got.accepted() || got.status != status {
			t.Errorf("%d: %+v", status, got)
		}
		outer.Close()
	}
	if reached.Load() != 0 {
		t.Errorf("%d redirects were followed", reached.Load())
	}
}

// R40: what the environment says of proxies isn't asked, and certificates are verified.
func TestR40NoProxyAndVerifiedTLS(t *testing.T) {
	client := NewClient(ClientOptions{Timeout: 5 * time.Second, Local: true})
	if client.http.Transport.(*http.Transport).Proxy != nil {
		t.Error("a proxy is asked")
	}
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	got := client.post(t.Context(), server.URL, message{id: "msg_1", body: []byte("{}")}, ring(t), time.Now())
	if got.status != 0 || got.err == nil || !strings.Contains(got.err.Error(), "certificate") {
		t.Errorf("a server with anybody's certificate: %+v", got)
	}
}

// An answer without end costs its first 64 KiB, and a receiver that never answers its timeout.
func TestAnswersAreBounded(t *testing.T) {
	endless := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, _ = io.Copy(io.Discard, r.Body); r.Context().Err() == nil; {
			if _, err := w.Write(make([]byte, 4096)); err != nil {
				return
			}
		}
	}))
	defer endless.Close()
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // before that the server doesn't see that the client has gone
		<-r.Context().Done()
	}))
	defer silent.Close()
	client := NewClient(ClientOptions{Timeout: 500 * time.Millisecond, Local: true})
	for url, want := range map[string]bool{endless.URL + "/?key=hidden": true, silent.URL + "/?key=hidden": false} {
		began := time.Now()
		got := client.post(t.Context(), url, message{id: "msg_1", body: []byte("{}")}, ring(t), time.Now())
		if got.accepted() != want || time.Since(began) > 5*time.Second {
			t.Errorf("%+v after %s", got, time.Since(began))
		}
		if got.err != nil && strings.Contains(got.err.Error(), "hidden") {
			t.Errorf("the error tells the URL: %v", got.err)
		}
	}
}

func ring(t *testing.T) *secret.Keyring {
	t.Helper()
	keys, err := secret.NewKeyring(rand.Reader, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return keys
}
