"""`python -m sensor_gateway`: the gateway by itself, as `akiseki gateway` runs it."""

import os
import sys

from app import logs
from app.settings import Settings, SettingsError
from sensor_gateway.run import run


def main() -> int:
    """Read the settings and run; returns the exit status."""
    try:
        settings = Settings.from_env(os.environ)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    logs.configure(settings.log_format)
    return run(settings)


if __name__ == "__main__":
    sys.exit(main())
