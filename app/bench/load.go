package bench

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// loadResult is what a load found.
type loadResult struct {
	requests int
	elapsed  time.Duration
	p50, p99 time.Duration
}

func (r loadResult) rate() float64 { return float64(r.requests) / r.elapsed.Seconds() }

// request is one HTTP request, ready to be written.
func request(s *Server, method, path string, body []byte) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n", method, path, s.Address, len(body))
	if s.Auth != "" {
		b.WriteString("Authorization: " + s.Auth + "\r\n")
	}
	b.WriteString("\r\n")
	b.Write(body)
	return b.Bytes()
}

// load sends requests over keep-alive connections for d, each as soon as the one before
// is answered. next makes the n-th request; it is called from many goroutines. The
// client writes and reads bytes itself: a full HTTP client would take the processor
// that the server should have.
func load(s *Server, connections int, d time.Duration, next func(n int64) []byte) (loadResult, error) {
	var counter, failed atomic.Int64
	var firstErr error
	var once sync.Once
	times := make([][]time.Duration, connections)
	start := time.Now()
	end := start.Add(d)
	var wg sync.WaitGroup
	for i := range connections {
		wg.Go(func() {
			err := func() error {
				conn, err := net.Dial("tcp", s.Address)
				if err != nil {
					return err
				}
				defer conn.Close()
				in := bufio.NewReaderSize(conn, 16<<10)
				for time.Now().Before(end) {
					began := time.Now()
					if _, err := conn.Write(next(counter.Add(1))); err != nil {
						return err
					}
					if err := readAnswer(in, io.Discard); err != nil {
						return err
					}
					times[i] = append(times[i], time.Since(began))
				}
				return nil
			}()
			if err != nil {
				failed.Add(1)
				once.Do(func() { firstErr = err })
			}
		})
	}
	wg.Wait()
	r := loadResult{elapsed: time.Since(start)}
	all := slices.Concat(times...)
	slices.Sort(all)
	if r.requests = len(all); r.requests > 0 {
		r.p50, r.p99 = all[len(all)/2], all[len(all)*99/100]
	}
	return r, firstErr
}

// send sends one request.
func send(s *Server, request []byte) error {
	_, err := ask(s, request)
	return err
}

// ask sends one request and returns the answer's body.
func ask(s *Server, request []byte) ([]byte, error) {
	conn, err := net.Dial("tcp", s.Address)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if _, err := conn.Write(request); err != nil {
		return nil, err
	}
	var body bytes.Buffer
	err = readAnswer(bufio.NewReaderSize(conn, 16<<10), &body)
	return body.Bytes(), err
}

// readAnswer reads one answer into body and holds that it says 200.
func readAnswer(in *bufio.Reader, body io.Writer) error {
	line, err := in.ReadSlice('\n')
	if err != nil {
		return err
	}
	if len(line) < 12 || !bytes.Equal(line[9:12], []byte("200")) {
		rest := make([]byte, min(in.Buffered(), 600))
		_, _ = in.Read(rest)
		return fmt.Errorf("answered %s%s", line, rest)
	}
	length := -1
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) <= 2 {
			break
		}
		if name, value, ok := bytes.Cut(line, []byte(":")); ok && bytes.EqualFold(name, []byte("content-length")) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return err
			}
		}
	}
	if length < 0 {
		return errors.New("an answer without its length")
	}
	_, err = io.CopyN(body, in, int64(length))
	return err
}
