package servers

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// redisAnswers bounds how long redis-server may take until it answers.
const redisAnswers = 20 * time.Second

// Redis starts a real redis-server on a free port with a directory of its own, stops it with the test, and returns its address (host:port).
func Redis(t testing.TB) string {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		missing(t, "redis-server is not on PATH: apt-get install redis-server")
	}
	var failure error
	for range 3 { // the free port may be taken before redis-server binds it
		address := freeAddress(t)
		stop, err := startRedis(t, program, address)
		if err == nil {
			t.Cleanup(stop)
			return address
		}
		failure = err
	}
	t.Fatal(failure)
	return ""
}

// RedisTLS starts a redis-server that speaks TLS only, to clients with a certificate of the authority and a password.
func RedisTLS(t testing.TB, authority *Authority, password string) string {
	t.Helper()
	r := &RedisNodes{t: t, nodes: map[string]*child{}}
	certFile, keyFile := authority.Issue("redis", "127.0.0.1")
	address, plain := freeAddress(t), freeAddress(t)
	r.start(plain, "--tls-port", portOf(t, address), "--tls-cert-file", certFile, "--tls-key-file", keyFile,
		"--tls-ca-cert-file", authority.CAFile, "--tls-auth-clients", "yes")
	client := r.client(plain)
	r.do(client, "CONFIG", "SET", "requirepass", password)
	r.do(client, "AUTH", password)
	r.do(client, "CONFIG", "SET", "port", "0")
	return address
}

func startRedis(t testing.TB, program, address string) (stop func(), err error) {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	output := &strings.Builder{}
	command := exec.Command(program, "--bind", "127.0.0.1", "--port", port, "--dir", t.TempDir(), "--save", "", "--appendonly", "no", "--daemonize", "no", "--databases", "1")
	command.Stdout, command.Stderr = output, output
	redis, err := startChild(command)
	if err != nil {
		return nil, fmt.Errorf("start redis-server: %w", err)
	}
	if err := awaitPong(t.Context(), address, redis.ended); err != nil {
		redis.kill()
		return nil, fmt.Errorf("%w: %s", err, output)
	}
	return redis.kill, nil
}

func awaitPong(ctx context.Context, address string, ended <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(ctx, redisAnswers)
	defer cancel()
	for {
		err := ping(address)
		if err == nil {
			return nil
		}
		select {
		case <-ended:
			return fmt.Errorf("redis-server on %s ended", address)
		case <-ctx.Done():
			return fmt.Errorf("redis-server on %s did not answer: %w", address, err)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func ping(address string) error {
	conn, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return err
	}
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return err
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err == nil && line != "+PONG\r\n" {
		err = fmt.Errorf("PING was answered with %.60q", line)
	}
	return err
}

func freeAddress(t testing.TB) string {
	t.Helper()
	addresses, err := freeAddresses(loopback, 1)
	if err != nil {
		t.Fatal(err)
	}
	return addresses[0]
}
