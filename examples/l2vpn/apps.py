from django.apps import AppConfig


class L2vpnConfig(AppConfig):
    name = "examples.l2vpn"
    label = "example_l2vpn"
    verbose_name = "Example: L2VPN"
