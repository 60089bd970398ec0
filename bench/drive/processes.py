"""Processes: started on one core, measured from outside through /proc, stopped by the id they were started with."""

import json
import os
import subprocess
import time

# The server gets one core, what asks it the other.
SERVER, GENERATOR = 0, 1
TICK = 1 / os.sysconf("SC_CLK_TCK")


class Failed(Exception):
    """A program did not do what was asked; the text says which and why."""


def answer(*command, core=GENERATOR, within=120, env=None):
    """Runs a program to its end on `core` and gives the JSON of the last line it printed."""
    done = subprocess.run(
        pinned(core, command), capture_output=True, text=True, timeout=within, env=env and os.environ | env, check=False
    )
    if done.returncode != 0:
        raise Failed(f"{command[0]} ended with {done.returncode}: {done.stderr.strip()[-2000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def run(*command, core=GENERATOR, within=600, env=None):
    """Runs a program to its end."""
    done = subprocess.run(
        pinned(core, command), capture_output=True, text=True, timeout=within, env=env and os.environ | env, check=False
    )
    if done.returncode != 0:
        raise Failed(f"{' '.join(map(str, command[:3]))} ended with {done.returncode}: {(done.stderr + done.stdout).strip()[-2000:]}")


def pinned(core, command):
    return ["taskset", "--cpu-list", str(core), *map(str, command)]


class Server:
    """A server that runs until it is stopped. Use it with `with`."""

    def __init__(self, *command, core=SERVER, env=None, log, signal="TERM"):
        self.log, self.signal = log, signal
        with open(log, "ab") as file:
            self.process = subprocess.Popen(
                pinned(core, command), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=file,
                env=env and os.environ | env, start_new_session=True,
            )
        # taskset becomes the server, so this is the server's own id.
        self.pid = self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def line(self):
        """The first line that the server prints, which says that it is ready."""
        line = self.process.stdout.readline().decode().strip()
        if not line:
            with open(self.log, encoding="utf-8", errors="replace") as log:
                raise Failed(f"{self.process.args[3]} did not start: {log.read()[-2000:]}")
        return line

    def stop(self):
        """Asks the process to end, insists after ten seconds."""
        if self.process.poll() is None:
            self.process.send_signal({"TERM": 15, "INT": 2, "QUIT": 3}[self.signal])
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stdout.close()

    def cpu(self):
        """Seconds of CPU that the process and its children have used so far."""
        return sum(cpu_of(pid) for pid in family(self.pid))

    def resident(self):
        """The MiB that the process and its children have resident now."""
        return sum(status_kib(pid, "VmRSS") for pid in family(self.pid)) / 1024

    def peak_memory(self):
        """The most MiB that were resident since the last `forget_peak`."""
        return status_kib(self.pid, "VmHWM") / 1024

    def forget_peak(self):
        """Sets the peak back to what is resident now (proc(5), clear_refs, 5)."""
        with open(f"/proc/{self.pid}/clear_refs", "w", encoding="ascii") as file:
            file.write("5")


def stat_of(pid):
    """The fields of /proc/PID/stat behind the name, which may hold anything."""
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
        return file.read().rsplit(") ", 1)[1].split()


def cpu_of(pid):
    """User and system time of a process and of its children that have ended."""
    try:
        return sum(map(int, stat_of(pid)[11:15])) * TICK
    except (FileNotFoundError, ProcessLookupError):
        return 0.0


def status_kib(pid, name):
    """A figure in KiB from /proc/PID/status; of a process that has just ended, none."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:
            lines = dict(line.split(":", 1) for line in status)
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(lines.get(name, "0").split()[0])


def family(pid):
    """A process and its children: nginx and PostgreSQL work in theirs."""
    members = [pid]
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            if int(stat_of(entry)[1]) == pid:
                members.append(int(entry))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return members


def wait_until(ready, within=20, what="a server"):
    """Asks ten times a second until `ready` says yes."""
    end = time.monotonic() + within
    while not ready():
        if time.monotonic() > end:
            raise Failed(f"{what} is not ready after {within} s")
        time.sleep(0.1)
