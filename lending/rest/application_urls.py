"""The URLs of products, applications and credit lines."""

from __future__ import annotations

from django.urls import path

from lending.rest import application_views, product_views

application_urls = [
    path("products", product_views.Products.as_view()),
    path("products/<str:code>", product_views.OneProduct.as_view()),
    path("products/<str:code>/quote", product_views.ProductQuote.as_view()),
    path("applications", application_views.Applications.as_view()),
    path("applications/<str:application_id>", application_views.OneApplication.as_view()),
    path("applications/<str:application_id>/submit", application_views.ApplicationSubmit.as_view()),
    path("applications/<str:application_id>/accept", application_views.ApplicationAccept.as_view()),
    path("credit-lines", application_views.CreditLines.as_view()),
]
