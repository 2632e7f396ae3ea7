# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Plays the stories in `scenarios/*.txt`: commands at the margin, what they cause indented below.

A story opens with comment lines (`#`). Then come commands; the indented lines below a command are
its expected trace. `python test/raft/raft_scenarios.py --rewrite` writes the traces anew: read the
difference before you keep it.

    start c1 timeout=15 [join] [log=1,1,2] [term=3] [vote=c2] [commit=1] [setting=value ...]
                              a replica; `log` gives the terms of its entries. The founders are
                              those that are started before anything else happens, without `join`
    tick N | tick N c1        N ticks for all, or for one; nothing is delivered
    deliver                   deliver all messages, and what they cause, until it is quiet
    pass c1 c2 [N]            deliver the first N (1) of what is on its way from c1 to c2
    run N                     N times tick and deliver, tracing changes only
    propose c1 WORD           propose at c1
    read c1 WORD              ask c1 for a read index
    cut c1 [c2 ...]           cut these off from all others;  heal  mends everything
    mute c1 c2                c1's words do not reach c2 any more, until `heal`
    drop c1 c2 [N]            lose what is on its way from c1 to c2, or the first N of it
    repeat c1 c2              what is on its way from c1 to c2 arrives twice
    swap c1 c2                the first of what is on its way from c1 to c2 arrives last
    crash c1 | restart c1     lose all but the store, and come back
    wipe c1                   come back with an empty disk
    change c1 KIND c2         c1 is asked to add, promote or remove c2
    freeze c1 | thaw c1       stop without dying, and go on (after step_down if it was long)
    compact c1                snapshot the machine and drop the covered entries
    transfer c1 c2            c1 hands leadership to c2
    show                      the whole group at a glance
"""

import pathlib
import sys

from robot_swarm_orch.errors import NotLeader
from robot_swarm_orch.raft import (
    Append, AppendReply, CONFIG, Entry, HardState, InstallSnapshot, MembershipRefused, MemoryStore,
    NOOP, NORMAL, PreVote, PreVoteReply, Raft, RaftConfig, RaftLog, SnapshotReply, Vote, VoteReply)
from robot_swarm_orch.raft.members import unpack_members

FOLDER = pathlib.Path(__file__).parent / 'scenarios'
INDENT = '    '


class FixedTimeout:
    """Stands in for random.Random: every election timeout is the same."""

    def __init__(self, ticks):
        """Remember the timeout."""
        self.ticks = ticks

    def randint(self, low, high):
        """Return the fixed timeout."""
        return self.ticks


class Replica:
    """One replica, its store and the words that it has applied."""

    def __init__(self, name, timeout, settings, store):
        """Hold what does not change; `boot` starts it."""
        self.name, self.timeout, self.settings, self.store = name, timeout, settings, store
        self.raft = None
        self.frozen_ticks = None

    def boot(self, founders):
        """Start from the store."""
        hard_state, snapshot, entries = self.store.load()
        config = RaftConfig(self.name, founders, **self.settings)
        self.raft = Raft(config, hard_state, RaftLog(snapshot, entries),
                         FixedTimeout(self.timeout))
        self.words = snapshot.data.decode().split() if snapshot else []
        self.frozen_ticks = None
        self.seen = self.look()

    def look(self):
        """Return what a trace reports when it changes."""
        return (self.raft.role, self.raft.term, self.raft.leader_id), self.raft.members


def describe(message):
    """Return a message on one line, without what no story is about."""
    kind = type(message)
    words = [f'{message.sender} -> {message.to}', kind.__name__, f'term={message.term}']
    if kind in (PreVote, Vote):
        words.append(f'last={message.last_index}/{message.last_term}')
        if kind is Vote and message.transfer:
            words.append('transfer')
    elif kind in (PreVoteReply, VoteReply):
        words.append('granted' if message.granted else 'refused')
    elif kind is Append:
        words.append(f'prev={message.prev_index}/{message.prev_term} commit={message.commit}')
        words += [f'{entry.index}/{entry.term}:{word_of(entry)}' for entry in message.entries]
        words += ['admits'] * (message.admits > 0)
    elif kind is AppendReply and message.rejected:
        words.append(f'rejected={message.index} hint={message.hint_index}/{message.hint_term}')
    elif kind in (AppendReply, SnapshotReply):
        words.append(f'match={message.index}')
        if kind is SnapshotReply and message.offset:
            words.append(f'bytes={message.offset}')
    elif kind is InstallSnapshot:
        last = message.offset + len(message.data)
        words.append(f'snapshot={message.index}/{message.snapshot_term} '
                     f'bytes={message.offset}..{last}{" done" if message.done else ""}')
    words += ['amnesic'] * (kind in (AppendReply, SnapshotReply) and message.life > 0)
    return ' '.join(words)


def word_of(entry):
    """Return an entry's data as a word."""
    if entry.kind == CONFIG:
        return f'group({name_members(unpack_members(entry.data))})'
    return 'noop' if entry.kind == NOOP else entry.data.decode()


def name_members(members):
    """Return the members as words, learners behind a plus."""
    return ' '.join(members.voters) + ''.join(f' +{learner}' for learner in members.learners)


class Story:
    """Plays commands on a group without delays or chance, and writes the trace."""

    def __init__(self):
        """Begin with nobody."""
        self.replicas = {}
        self.queue = []
        self.cut_links = set()
        self.trace = []
        self.is_quiet = False
        self.is_booted = False
        self.founders = ()

    def play(self, line):
        """Carry out one command line; return its trace."""
        self.trace = []
        name, *words = line.split()
        if name != 'start' and not self.is_booted:
            self.is_booted = True
            self.founders = tuple(replica.name for replica in self.replicas.values()
                                  if 'join' not in replica.settings)
            for replica in self.replicas.values():
                replica.boot(self.founders)
                self.pump(replica)
        getattr(self, f'do_{name}')(*words)
        return self.trace

    def say(self, text):
        """Add a line to the trace."""
        self.trace.append(text)

    def pump(self, replica):
        """Do the caller's duties for one replica, and trace what changed."""
        while replica.raft is not None:
            ready = replica.raft.ready()
            self.report_changes(replica)
            if ready is None:
                return
            replica.store.save(ready.hard_state, ready.entries, ready.snapshot)
            if ready.snapshot:
                replica.words = ready.snapshot.data.decode().split()
                self.say(f'{replica.name} restores snapshot {ready.snapshot.index}/'
                         f'{ready.snapshot.term}')
            for message in ready.messages:
                if message.to in self.replicas and (
                        (message.sender, message.to) not in self.cut_links):
                    self.queue.append(message)
            for entry in ready.committed:
                self.say(f'{replica.name} applies {entry.index}/{entry.term}:{word_of(entry)}')
                if entry.kind == NORMAL:
                    replica.words.append(word_of(entry))
            for read in ready.reads:
                self.say(f'{replica.name} answers read {read.ctx}: '
                         + ('lost' if read.index is None else f'index {read.index}'))
            replica.raft.advance()

    def report_changes(self, replica):
        """Trace a change of role, term, leader or group."""
        state, members = replica.look()
        if state != replica.seen[0]:
            role, term, leader = state
            follows = f' of {leader}' if role.value == 'follower' and leader else ''
            self.say(f'{replica.name} is {role.value}{follows} in term {term}')
        if members != replica.seen[1] and self.is_booted and replica.raft.last_index > 1:
            self.say(f'{replica.name} sees group({name_members(members)})')
        replica.seen = state, members

    def running(self):
        """Return the replicas that tick."""
        return [replica for replica in self.replicas.values()
                if replica.raft is not None and replica.frozen_ticks is None]

    def step(self, replica, message):
        """Deliver one message."""
        if replica.raft is None:
            return
        if not self.is_quiet:
            self.say(describe(message))
        replica.raft.step(message)
        self.pump(replica)

    def do_start(self, name, *options):
        """Add a replica with the store that the options describe."""
        values = dict(option.split('=') for option in options if option != 'join')
        timeout = int(values.pop('timeout'))
        terms = [int(term) for term in values.pop('log', '').split(',') if term]
        store = MemoryStore()
        entries = [Entry(term, index, f'w{index}'.encode())
                   for index, term in enumerate(terms, 1)]
        hard_state = HardState(int(values.pop('term', max(terms, default=0))),
                               values.pop('vote', None), int(values.pop('commit', 0)))
        store.save(hard_state, entries, None)
        settings = {key: int(value) for key, value in values.items()}
        if 'join' in options:
            settings['join'] = True
        self.replicas[name] = Replica(name, timeout, settings, store)
        if self.is_booted:
            self.do_restart(name)

    def do_tick(self, count, name=None):
        """Let time pass."""
        for _ in range(int(count)):
            for replica in self.replicas.values():
                if name in (None, replica.name) and replica.raft is not None:
                    if replica.frozen_ticks is not None:
                        replica.frozen_ticks += 1
                        continue
                    replica.raft.tick()
                    self.pump(replica)

    def do_deliver(self):
        """Deliver until nothing is on its way; what waits for a frozen replica waits on."""
        waiting = []
        while self.queue:
            message = self.queue.pop(0)
            replica = self.replicas[message.to]
            if replica.frozen_ticks is not None:
                waiting.append(message)
            else:
                self.step(replica, message)
        self.queue = waiting

    def do_pass(self, sender, to, count=1):
        """Deliver a few messages, but nothing that they cause."""
        for message in self._between(sender, to)[:int(count)]:
            self.queue.remove(message)
            self.step(self.replicas[to], message)

    def do_run(self, count):
        """Tick and deliver, tracing changes only."""
        self.is_quiet = True
        for _ in range(int(count)):
            self.do_tick(1)
            self.do_deliver()
        self.is_quiet = False

    def do_propose(self, name, word):
        """Propose a word."""
        try:
            index = self.replicas[name].raft.propose(word.encode())
        except NotLeader as refusal:
            self.say(f'{name}: {refusal}')
            return
        self.say(f'{name} gives {word} index {index}')
        self.pump(self.replicas[name])

    def do_read(self, name, ctx):
        """Ask for a read index."""
        self.replicas[name].raft.read_index(ctx)
        self.pump(self.replicas[name])

    def do_cut(self, *names):
        """Cut the named replicas off from all others, and lose what is on its way."""
        for one in self.replicas:
            for other in self.replicas:
                if (one in names) != (other in names):
                    self.cut_links.add((one, other))
        self.queue = [message for message in self.queue
                      if (message.sender, message.to) not in self.cut_links]

    def do_heal(self):
        """Mend the network."""
        self.cut_links.clear()

    def do_mute(self, sender, to):
        """Cut one direction."""
        self.cut_links.add((sender, to))
        self.do_drop(sender, to)

    def do_drop(self, sender, to, count=None):
        """Lose what is on its way."""
        for message in self._between(sender, to)[:count and int(count)]:
            self.queue.remove(message)

    def do_repeat(self, sender, to):
        """Double what is on its way."""
        self.queue += self._between(sender, to)

    def do_swap(self, sender, to):
        """Let the first be overtaken by all others."""
        first = self._between(sender, to)[0]
        self.queue.remove(first)
        self.queue.append(first)

    def _between(self, sender, to):
        return [message for message in self.queue if (message.sender, message.to) == (sender, to)]

    def do_wipe(self, name):
        """Come back with an empty disk."""
        self.do_crash(name)
        self.replicas[name].store = MemoryStore()
        self.do_restart(name)

    def do_change(self, name, kind, node_id):
        """Ask for a change of the group."""
        try:
            index = self.replicas[name].raft.change_members(kind, node_id)
        except (NotLeader, MembershipRefused) as refusal:
            self.say(f'{name}: {refusal}')
            return
        self.say(f'{name} gives "{kind} {node_id}" index {index}')
        self.pump(self.replicas[name])

    def do_crash(self, name):
        """Lose all but the store."""
        self.replicas[name].raft = None
        self.queue = [message for message in self.queue if message.to != name]

    def do_restart(self, name):
        """Start again from the store."""
        self.replicas[name].boot(self.founders)
        self.pump(self.replicas[name])

    def do_freeze(self, name):
        """Stop without dying."""
        self.replicas[name].frozen_ticks = 0

    def do_thaw(self, name):
        """Go on as the manual demands."""
        replica = self.replicas[name]
        away, replica.frozen_ticks = replica.frozen_ticks, None
        if away > replica.raft.config.election_ticks_min:
            replica.raft.step_down(f'was away for {away} ticks')
        self.pump(replica)

    def do_compact(self, name):
        """Snapshot the machine."""
        replica = self.replicas[name]
        snapshot = replica.raft.compact(replica.raft.last_applied,
                                        ' '.join(replica.words).encode())
        replica.store.save(None, (), snapshot)
        replica.store.compact(snapshot.index)
        self.say(f'{name} holds snapshot {snapshot.index}/{snapshot.term} and entries '
                 f'{replica.raft.log.first_index}..{replica.raft.last_index}')

    def do_transfer(self, name, to):
        """Hand leadership over."""
        self.replicas[name].raft.transfer_leadership(to)
        self.pump(self.replicas[name])

    def do_show(self):
        """Show the group."""
        for replica in self.replicas.values():
            raft = replica.raft
            if raft is None:
                self.say(f'{replica.name} down')
                continue
            log = raft.log
            terms = ' '.join(str(log.term_at(index))
                             for index in range(log.first_index, log.last_index + 1))
            notes = [' amnesic'] * (raft.amnesia.life > 0)
            if raft.members.all != self.founders:
                notes.append(f' group({name_members(raft.members)})')
            self.say(f'{replica.name} {raft.role.value} term={raft.term} '
                     f'leader={raft.leader_id or "-"} commit={raft.commit_index} '
                     f'log={log.first_index}..{log.last_index} [{terms}] '
                     f'words={",".join(replica.words) or "-"}{"".join(notes)}')


def replay(text):
    """Play a story's text; return the same text with the traces that really come out."""
    story = Story()
    lines = []
    for line in text.splitlines():
        if line.startswith(INDENT):
            continue
        lines.append(line)
        if line and not line.startswith('#'):
            lines += [INDENT + traced for traced in story.play(line)]
    return '\n'.join(lines) + '\n'


def main():
    """Check all stories, or rewrite them with `--rewrite`; exit with 1 if one differs."""
    differs = False
    for path in sorted(FOLDER.glob('*.txt')):
        text = path.read_text()
        fresh = replay(text)
        if fresh != text:
            differs = True
            print(path.name, 'differs')
            if sys.argv[1:] == ['--rewrite']:
                path.write_text(fresh)
    return int(differs)


if __name__ == '__main__':
    sys.exit(main())
