# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Each check finds its fault, says what to do, and is silent when all is well."""

from dataclasses import replace
import os
import socket

from insight_values import machine, picture, report, safety
import pytest
from robot_swarm_orch.insight import doctor
from robot_swarm_orch.insight.machine import (
    Interface, interfaces, leftover_segments, Machine, multicast_echo, participants_by_domain,
    read_machine, sync_times_s, udp_ports)
from robot_swarm_orch.insight.picture import Process
from robot_swarm_orch.types import Reason


def healthy(**fields):
    """Return the facts of a fleet and a machine with which nothing is wrong."""
    values = {'machine': machine(), 'picture': picture(report('r1'), report('r2')), **fields}
    return doctor.Facts(**values)


def found(check, facts):
    """Return the only finding of all checks; it must be this check's."""
    results = {name: findings for name, findings in doctor.examine(facts).items() if findings}
    assert list(results) == [check], results
    finding, = results[check]
    assert finding.remedy
    return finding


def test_nothing_is_found_where_nothing_is_wrong():
    results = doctor.examine(healthy())
    assert not any(results.values())
    assert doctor.lines(results)[-1] == 'Nothing is wrong.'
    assert doctor.to_plain(results)['healthy']
    assert len(results) == len(doctor.CHECKS)


@pytest.mark.parametrize('environment, words', [
    ({'ROS_AUTOMATIC_DISCOVERY_RANGE': 'OFF'}, 'is OFF: nobody is found'),
    ({'ROS_LOCALHOST_ONLY': '1'}, 'robots on other machines are not heard')])
def test_a_discovery_range_that_hides_the_fleet(environment, words):
    assert words in found('domain', healthy(machine=machine(environment=environment))).text


def test_a_domain_beyond_the_ports_and_a_profile_that_is_not_there():
    bad = replace(machine(), domain=150, missing_profiles=('/no/such.xml',))
    texts = [finding.text for finding in doctor.domain(healthy(machine=bad))]
    assert 'domain 150' in texts[0] and '/no/such.xml does not exist' in texts[1]


@pytest.mark.parametrize('count, environment, level', [
    (79, {}, None), (80, {}, doctor.Level.WARN), (100, {}, doctor.Level.ERROR),
    (33, {'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST'}, doctor.Level.ERROR),
    (33, {'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST',
          'FASTDDS_DEFAULT_PROFILES_FILE': 'x.xml'}, None)])
def test_participants_are_counted_against_the_limit_of_a_host(count, environment, level):
    facts = healthy(machine=machine(participants={62: count, 5: 300}, environment=environment))
    findings = doctor.participants(facts)
    assert [finding.level for finding in findings] == ([] if level is None else [level])


def test_multicast_is_missed_only_where_it_is_needed():
    none = (Interface('lo', True, True, False),)
    mute = (*none, Interface('wlan0', True, False, False))
    deaf = (*none, Interface('wlan0', True, False, True, False))
    assert 'only this machine is heard' in found(
        'multicast', healthy(machine=machine(interfaces=none))).text
    assert 'no interface (wlan0) does multicast' in found(
        'multicast', healthy(machine=machine(interfaces=mute))).text
    assert 'does not come back' in found(
        'multicast', healthy(machine=machine(interfaces=deaf))).text
    profile = machine(interfaces=deaf, environment={'FASTDDS_DEFAULT_PROFILES_FILE': 'x.xml'})
    assert not doctor.multicast(healthy(machine=profile))


def test_shared_memory_that_is_full_or_littered():
    assert found('shared_memory', healthy(machine=machine(shm_free_bytes=1000))).level \
        == doctor.Level.ERROR
    littered = found('shared_memory', healthy(machine=machine(leftovers=('fastrtps_1',))))
    assert 'belong to no process: fastrtps_1' in littered.text
    assert 'fastdds shm clean' in littered.remedy


@pytest.mark.parametrize('slow_s, level', [
    (0.01, None), (0.06, doctor.Level.WARN), (0.4, doctor.Level.ERROR)])
def test_a_slow_disk_is_told_by_its_p99(slow_s, level):
    times = (0.001,) * 49 + (slow_s,)
    findings = doctor.disk(healthy(machine=machine(sync_times_s=times)))
    assert [finding.level for finding in findings] == ([] if level is None else [level])
    if level == doctor.Level.ERROR:
        assert '400 ms' in findings[0].text and 'costs an election' in findings[0].text


def test_a_disk_that_is_slow_in_truth_is_found():
    """The measurement itself, with a sync that takes its time."""
    from time import sleep
    times = sync_times_s('/tmp', count=5, sync=lambda number: sleep(0.06))
    assert found('disk', healthy(machine=machine(sync_times_s=times))).level == doctor.Level.WARN


def test_a_data_directory_that_cannot_be_written():
    text = found('disk', healthy(machine=machine(disk_error='Permission denied'))).text
    assert text == '/data cannot be written: Permission denied'


def silence(**fields):
    """Return facts of a machine that hears nobody."""
    seen = picture(leader=None, alive=frozenset(), voters=frozenset(), view=None)
    return healthy(picture=seen, **fields)


@pytest.mark.parametrize('fields, words, remedy', [
    ({'elsewhere': {77: ('row',)}}, 'wrong domain: nothing of site row is heard on domain 62, but '
     'it is on domain 77', 'ROS_DOMAIN_ID=77'),
    ({'sites_here': ('depot',)}, 'wrong site id', '--site depot'),
    ({'elsewhere': {77: ('depot',)}}, 'on domain 77 there is site depot', '--site depot'),
    ({}, 'nothing of site row is heard on domain 62', 'start the fleet')])
def test_a_fleet_that_is_not_here_is_looked_for_elsewhere(fields, words, remedy):
    finding = found('fleet', silence(**fields))
    assert words in finding.text and remedy in finding.remedy


def test_no_consensus_is_told_with_who_is_missing():
    seen = picture(report('r1', Reason.LEASE), leader=None, alive=frozenset(('c3',)))
    finding = found('consensus', healthy(picture=seen))
    assert 'of 3 only c3 is heard' in finding.text and 'start c1, c2' in finding.remedy


def test_a_coordinator_that_is_missing_while_others_go_on():
    seen = picture(report('r1'), alive=frozenset(('c1', 'c2')))
    finding = found('consensus', healthy(picture=seen))
    assert 'of 3 coordinators c3 is not heard' in finding.text
    assert 'bears the loss of 0 more' in finding.text


@pytest.mark.parametrize('fields, words', [
    ({'logs': frozenset(('hall_a', 'hall_b'))}, 'their cluster ids are hall_a, hall_b'),
    ({'leaders': ((4, 'c1'), (2, 'd1'), (4, 'c1'))}, 'c1 (term 4), d1 (term 2)')])
def test_two_fleets_on_one_site_id(fields, words):
    assert words in found('one_fleet', healthy(picture=picture(report('r1'), **fields))).text


def test_a_change_of_leader_is_no_second_fleet():
    seen = picture(report('r1'), leaders=((4, 'c1'), (5, 'c2')), logs=frozenset(('demo',)))
    assert not doctor.one_fleet(healthy(picture=seen))


def test_two_robots_of_one_name():
    seen = picture(report('r1'), boots={'r1': (1, 2, 1, 2)})
    assert 'two programs report under one name: r1' in found(
        'one_name', healthy(picture=seen)).text


@pytest.mark.parametrize('offsets, words', [
    ({'r1': 0.01, 'r2': 10.0, 'c1': 0.0}, 'the clock of r2 is 10.0 s behind that of this machine'),
    ({'r1': 0.01, 'r2': -10.0, 'c1': 0.0}, 'the clock of r2 is 10.0 s ahead of that of this'),
    ({'r1': 10.0, 'r2': 10.1, 'c1': 9.9}, 'the clock of this machine is 10.0 s ahead of that of '
     'all others')])
def test_a_clock_that_is_off_is_told_whose_and_by_how_much(offsets, words):
    finding = found('clocks', healthy(picture=picture(report('r1'), offsets_s=offsets)))
    assert words in finding.text and 'chrony' in finding.remedy
    assert finding.level == doctor.Level.ERROR


@pytest.mark.parametrize('waiting, settings, level', [
    (799, {}, None), (800, {}, doctor.Level.WARN), (1000, {}, doctor.Level.ERROR),
    (1000, {'queue_bound': 5000}, None), (20, {'queue_bound': 20}, doctor.Level.ERROR)])
def test_a_queue_is_measured_by_its_bound(waiting, settings, level):
    seen = picture(report('r1'))
    seen = replace(seen, view=replace(seen.view, orders_waiting=waiting))
    findings = doctor.queue(healthy(picture=seen, settings=settings))
    assert [finding.level for finding in findings] == ([] if level is None else [level])


def test_robots_that_need_a_person_are_told_by_kind():
    seen = picture(report('r1', Reason.IN_DOUBT), report('r2', Reason.SCAN, wanted=(4,)),
                   report('r3', Reason.SCAN, wanted=(4,)), lost=('r4', 'r5'))
    findings = doctor.robots(healthy(picture=seen))
    texts = [finding.text for finding in findings]
    assert len(texts) == 3
    assert any('r2 stands: the laser sees something ahead (and r3)' in text for text in texts)
    assert any('r4 is silent' in text and '(and r5)' in text for text in texts)
    assert all(finding.remedy for finding in findings)


def test_a_frozen_camera_is_a_finding_of_its_own():
    seen = picture(report('r1', Reason.STALE_CAMERA),
                   safeties={'r1': safety(Reason.STALE_CAMERA, 'frozen: always the same image')})
    finding = found('cameras', healthy(picture=seen))
    assert 'r1 stands: its camera is frozen' in finding.text


def test_what_a_process_says_of_itself_is_passed_on():
    seen = picture(report('r1'), processes={'/sim': Process('/sim', 1, 'the world lost 3.0 s')})
    finding = found('processes', healthy(picture=seen))
    assert (finding.level, finding.text) == (doctor.Level.WARN, 'sim: the world lost 3.0 s')


def test_findings_are_printed_with_their_remedies_and_counted():
    out = doctor.lines(doctor.examine(silence(elsewhere={77: ('row',)})))
    assert any(line.startswith('ERROR') and 'domain' in line for line in out)
    assert any('-> export ROS_DOMAIN_ID=77' in line for line in out)
    assert out[-1] == '1 finding.'


# -- reading the machine ---------------------------------------------------------------------

def test_ports_tell_the_participants_of_each_domain():
    def pair(domain, participant):
        first = 7400 + 250 * domain + 10 + 2 * participant
        return {first, first + 1}
    ports = pair(0, 0) | pair(62, 0) | pair(62, 1) | pair(62, 118) | {7400 + 250 * 62, 53, 40000}
    assert participants_by_domain(ports) == {0: 1, 62: 3}
    assert participants_by_domain({7400 + 250 * 7 + 10}) == {}


def test_an_open_socket_is_among_the_ports():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
        ear.bind(('127.0.0.1', 0))
        assert ear.getsockname()[1] in udp_ports()


def test_a_segment_that_no_process_maps_is_a_leftover(tmp_path):
    for name in ('fastrtps_dead', 'fastrtps_live', 'fastrtps_dead_el', 'other'):
        (tmp_path / name).touch()
    proc = tmp_path / 'proc' / '17'
    proc.mkdir(parents=True)
    (proc / 'maps').write_text(f'7f0-7f1 rw-s 0 00:19 4 {tmp_path}/fastrtps_live\n')
    assert leftover_segments(tmp_path, tmp_path / 'proc') == ('fastrtps_dead',)
    assert leftover_segments(tmp_path / 'none') == ()


def test_syncs_are_timed_and_nothing_is_left_behind(tmp_path):
    calls = []
    assert len(sync_times_s(tmp_path, 7, sync=calls.append)) == len(calls) == 7
    assert os.listdir(tmp_path) == []
    with pytest.raises(OSError):
        sync_times_s(tmp_path / 'none')


def test_this_machine_can_be_read(tmp_path):
    read = read_machine(62, str(tmp_path), echo=False)
    assert len(read.sync_times_s) == 50 and not read.disk_error
    assert any(link.is_loopback for link in read.interfaces)
    assert read_machine(62, str(tmp_path / 'none'), echo=False).disk_error
    assert {link.name for link in interfaces(False)} == {link.name for link in read.interfaces}


def test_multicast_on_an_address_that_is_not_ours_does_not_come_back():
    assert not multicast_echo('192.0.2.1')


def test_a_machine_without_profile_relies_on_multicast():
    assert not Machine(1).has_profile


def test_what_could_not_be_looked_at_is_not_called_ok():
    results = doctor.examine(silence())
    assert '--    queue of orders: nothing to look at' in doctor.lines(results)
    checks = {check['name']: check for check in doctor.to_plain(results)['checks']}
    assert checks['disk']['looked'] and not checks['robots']['looked']
