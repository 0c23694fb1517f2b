package devserver

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"syscall"

	"github.com/seed-36a2c969/emu/config/diagnostic"
)

// InUseError says that another program listens on an address.
type InUseError struct {
	// Host and Port are the address as the user gave it.
	Host string
	Port int
}

func (e *InUseError) Error() string {
	return fmt.Sprintf(msgInUse, net.JoinHostPort(e.Host, strconv.Itoa(e.Port)))
}

// Hint names the program; "" if the system does not know it.
func (e *InUseError) Hint() string {
	by := listenerOf(e.Port)
	if by == "" {
		return ""
	}
	return fmt.Sprintf("port %d is held by %s", e.Port, by)
}

// Address is where to listen.
type Address struct {
	// IP is "localhost" (also "") for both loopback addresses, "*" for every
	// address, otherwise one address or host name.
	IP string
	// Port is the port. 0 is any that is free. AnyPort is Wrangler's, or another if that is taken.
	Port int
	// CI makes AnyPort skip the ports after Wrangler's, as Wrangler does where $CI is set.
	CI bool
}

// AnyPort is the port of an [Address] if the user has not asked for one.
const AnyPort = -1

// Wrangler's port, and how many ports after it are tried.
const (
	defaultPort = 8787
	extraPorts  = 10
)

// Listening is an address that is listened on.
type Listening struct {
	// Host is how to reach it: localhost:8787.
	Host      string
	Listeners []net.Listener
}

// Inherited is an address that another process listens on, for one server after another.
type Inherited struct {
	// Host is how to reach it.
	Host string
	// Files are the listeners. Where they cannot be handed over there are none.
	Files []*os.File
	// Update says that another server has served at the address before.
	Update bool
}

// listen makes listeners of the files. Without files it opens the address again: Host has the port,
// and a the IP address that the user has asked for.
func (i *Inherited) listen(a Address) (*Listening, error) {
	host, port, err := net.SplitHostPort(i.Host)
	if err != nil {
		return nil, err
	}
	if len(i.Files) == 0 {
		a.IP = cmp.Or(a.IP, host)
		fmt.Sscan(port, &a.Port)
		return Listen(a)
	}
	listening := &Listening{Host: i.Host}
	for _, f := range i.Files {
		listener, err := net.FileListener(f)
		f.Close()
		if err != nil {
			return nil, fmt.Errorf("cannot take a listener over: %w", err)
		}
		listening.Listeners = append(listening.Listeners, listener)
	}
	return listening, nil
}

// Close stops listening.
func (l *Listening) Close() {
	for _, l := range l.Listeners {
		l.Close()
	}
}

// Listen listens on an address.
func Listen(a Address) (*Listening, error) {
	if a.Port != AnyPort {
		return listen(a.IP, a.Port)
	}
	last := defaultPort + extraPorts
	if a.CI {
		last = defaultPort
	}
	for port := defaultPort; port <= last; port++ {
		l, err := listen(a.IP, port)
		var taken *InUseError
		if !errors.As(err, &taken) {
			return l, err
		}
	}
	return listen(a.IP, 0)
}

// freePortTries is how many ports are tried that are free on one loopback address and taken on the
// other.
const freePortTries = 20

// listen opens the listeners of an address and a port.
func listen(ip string, port int) (*Listening, error) {
	if ip == "" || ip == "localhost" {
		for try := 1; ; try++ {
			listeners, err := listenLoopback(port)
			if err != nil && port == 0 && errors.Is(err, syscall.EADDRINUSE) && try < freePortTries {
				continue
			}
			if err != nil {
				return nil, refused("localhost", port, err)
			}
			return &Listening{hostOf("localhost", listeners[0]), listeners}, nil
		}
	}
	host, shown := ip, ip
	switch ip {
	case "*":
		host, shown = "", "localhost"
	case "0.0.0.0", "::":
		shown = "localhost"
	}
	l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return nil, refused(ip, port, err)
	}
	return &Listening{hostOf(shown, l), []net.Listener{l}}, nil
}

// listenLoopback opens one port on 127.0.0.1 and, where there is IPv6, on ::1.
func listenLoopback(port int) ([]net.Listener, error) {
	four, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return nil, err
	}
	six, err := net.Listen("tcp6", net.JoinHostPort("::1", strconv.Itoa(portOf(four))))
	if errors.Is(err, syscall.EADDRINUSE) {
		four.Close()
		return nil, err
	}
	if err != nil {
		return []net.Listener{four}, nil // no IPv6 on this machine
	}
	return []net.Listener{four, six}, nil
}

// refused is the error of an address that cannot be listened on.
func refused(host string, port int, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return &InUseError{Host: host, Port: port}
	}
	var op *net.OpError
	if errors.As(err, &op) { // which says the address again
		err = op.Err
	}
	var call *os.SyscallError
	if errors.As(err, &call) {
		err = call.Err
	}
	at := net.JoinHostPort(host, strconv.Itoa(port))
	if errors.Is(err, syscall.EACCES) && port < firstFree {
		return diagnostic.NewError(fmt.Sprintf("cannot listen on %s: %v", at, err), fmt.Sprintf("ports from %d on are for everyone: --port %d", firstFree, defaultPort))
	}
	return fmt.Errorf("cannot listen on %s: %w", at, err)
}

// firstFree is the first port that needs no privilege.
const firstFree = 1024

// hostOf is how to reach a listener.
func hostOf(host string, l net.Listener) string {
	return net.JoinHostPort(host, strconv.Itoa(portOf(l)))
}

func portOf(l net.Listener) int { return l.Addr().(*net.TCPAddr).Port }
