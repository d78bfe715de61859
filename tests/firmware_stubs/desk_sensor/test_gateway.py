"""The whole way: desk, broken network, broker, gateway, database. What is told twice is stored once."""

from pathlib import Path

from tests.faults import stage
from tests.firmware_stubs.desk_sensor.desk import DESK, Desk
from tests.office import furnish_database
from tests.servers.waiting import wait_until

COUNT = 1_000


def test_every_reading_is_stored_once_whatever_the_network_does(
    database_url: str, desk: Desk, tmp_path: Path
) -> None:
    furnish_database(database_url, [DESK])
    folder = tmp_path / "gateway"
    folder.mkdir()
    with (
        stage.opened(database_url) as engine,
        stage.gateway(folder, database_url, desk.broker) as gateway,
    ):
        wait_until(lambda: "gateway" in desk.broker.log_file.read_text(), seconds=30)
        desk.proxy.cut_after(20_000, times=5)
        device = desk.busy_device(COUNT)
        assert device.ended() == 0
        assert len(desk.proxy.heard) > 5
        wait_until(lambda: stage.stored(engine) >= COUNT, seconds=30)
        names = stage.names(engine)
        assert sorted(seq for _, _, seq in names) == list(range(COUNT))  # type: ignore[type-var]
        assert {(sensor, len(str(boot))) for sensor, boot, _ in names} == {(DESK, 16)}
        assert stage.gaps(engine) == {}
        assert stage.dead_letters(engine) == 0
        assert gateway.running
