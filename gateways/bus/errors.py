"""What can go wrong with the bus; none of it loses an event, since the outbox keeps it until acknowledged."""


class BusError(Exception):
    """A failure of the bus: code for machines, Russian words for people, permanent or worth trying again."""

    code = "bus"
    permanent = False


class BusUnavailable(BusError):
    """The server does not answer; the event stays in the outbox and is sent later."""

    code = "bus-unavailable"

    def __init__(self, error: Exception) -> None:
        why = str(error) or type(error).__name__
        super().__init__(
            f"Очередь событий не отвечает ({why}). События сохранены в базе и уйдут, когда она вернётся"
        )


class BusNotDurable(BusError):
    """The server answers before an event is on its disk, so payments are not started over it."""

    code = "bus-not-durable"
    permanent = True

    def __init__(self, why: str) -> None:
        super().__init__(
            f"Очередь событий может потерять подтверждённое: {why}. Поставьте в настройках NATS, в разделе "
            "jetstream, sync_interval: always и перезапустите её. Если проверить нельзя, но настройка "
            "стоит, подтвердите это: PAYLOGIC_NATS_SYNC_CONFIRMED=1"
        )
