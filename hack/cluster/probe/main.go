// Command probe is the workload of the cluster's own test: a server that can be asked what a pod sees.
//
//	GET /           the name of the pod
//	GET /fetch?url= what the URL answers to a pod
//	POST /log       appends the body to /data/log, which is on a volume
//	GET /log        answers with it
package main

import (
	"io"
	"log"
	"net/http"
	"os"
	"time"
)

const logPath = "/data/log"

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", name)
	mux.HandleFunc("GET /fetch", fetch)
	mux.HandleFunc("GET /log", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, logPath) })
	mux.HandleFunc("POST /log", write)
	log.Print("probe: listening on :8080")
	log.Fatal(http.ListenAndServe(":8080", mux))
}

func name(w http.ResponseWriter, _ *http.Request) {
	host, _ := os.Hostname()
	_, _ = io.WriteString(w, host)
}

func fetch(w http.ResponseWriter, r *http.Request) {
	client := http.Client{Timeout: 5 * time.Second}
	response, err := client.Get(r.URL.Query().Get("url"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer response.Body.Close()
	w.WriteHeader(response.StatusCode)
	_, _ = io.Copy(w, response.Body)
}

func write(w http.ResponseWriter, r *http.Request) {
	file, err := os.OpenFile(logPath, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err == nil {
		_, err = io.Copy(file, r.Body)
		_ = file.Close()
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}
